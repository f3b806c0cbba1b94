//! Counts tests from what the runners print.

/// Tests passed, failed and skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Tally {
    /// Adds the counts of a closing line (`test result: …` of cargo, `browser: …` of our own driver); other lines count nothing.
    pub fn read_line(&mut self, line: &str) {
        let Some(counts) = ["test result:", "browser:"].iter().find_map(|prefix| line.trim_start().strip_prefix(prefix)) else {
            return;
        };
        self.passed += count(counts, "passed");
        self.failed += count(counts, "failed");
        self.skipped += count(counts, "ignored") + count(counts, "skipped");
    }

    /// Adds the counts of pytest's closing line (`17 passed, 1 skipped in 3.21s`); other lines count nothing.
    pub fn read_pytest(&mut self, line: &str) {
        let line = line.trim_matches(['=', ' ']);
        if !line.starts_with(|c: char| c.is_ascii_digit()) || !line.contains(" in ") || !line.ends_with(['s', ')']) {
            return;
        }
        self.passed += count(line, "passed");
        self.failed += count(line, "failed") + count(line, "error") + count(line, "errors");
        self.skipped += count(line, "skipped");
    }

    /// Adds another tally.
    pub fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Moves `count` tests that passed only because they gave up early to the skipped ones.
    pub fn move_to_skipped(&mut self, count: usize) {
        let moved = count.min(self.passed);
        self.passed -= moved;
        self.skipped += moved;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// The number that stands before `word`.
fn count(text: &str, word: &str) -> usize {
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    words.windows(2).find_map(|pair| (pair[1] == word).then(|| pair[0].parse().ok()).flatten()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_and_browser_lines_are_summed() {
        let mut tally = Tally::default();
        tally.read_line("test result: ok. 12 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s");
        tally.read_line("test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s");
        tally.read_line("browser: 4 passed, 1 failed, 1 skipped");
        tally.read_line("test engine::says_99_passed ... ok");
        assert_eq!(tally, Tally { passed: 19, failed: 2, skipped: 3 });
        assert_eq!(tally.to_string(), "19 passed, 2 failed, 3 skipped");
    }

    #[test]
    fn skipped_tests_do_not_count_as_passed() {
        let mut tally = Tally { passed: 2, failed: 0, skipped: 0 };
        tally.move_to_skipped(3);
        assert_eq!(tally, Tally { passed: 0, failed: 0, skipped: 2 });
    }

    #[test]
    fn pytests_last_line_is_summed() {
        let mut tally = Tally::default();
        tally.read_pytest("===== 2 failed, 15 passed, 1 skipped, 1 error in 3.21s =====");
        tally.read_pytest("18 passed, 2 warnings in 75.04s (0:01:15)");
        tally.read_pytest("tests/test_views.py ......");
        assert_eq!(tally, Tally { passed: 33, failed: 3, skipped: 1 });
    }
}
