//! Runs a child program: its output passes through unchanged and is read along, and it ends at a time limit with all it started.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// For commands a person watches and can stop.
pub const NO_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Exit status zero.
    Success,
    /// Any other exit status, or a signal.
    Failure,
    /// Stopped by us at its time limit.
    TimedOut,
}

/// Runs `command`, hands each line of its standard output to `on_line` and prints it too.
///
/// # Errors
/// When the program cannot be started.
pub fn run(command: &mut Command, limit: Duration, mut on_line: impl FnMut(&str)) -> Result<End> {
    let deadline = Instant::now().checked_add(limit).context("time limit too large")?;
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().with_context(|| format!("could not start {name}"))?;
    let lines = forward(&mut child)?;
    loop {
        match lines.recv_timeout(Duration::from_millis(100)) {
            Ok(line) => {
                on_line(&line);
                continue;
            }
            Err(RecvTimeoutError::Timeout) => {}
            // Its output is closed, but it may still be at work.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(20)),
        }
        // A forgotten grandchild can hold the output open: the child's own end decides.
        if let Some(status) = child.try_wait().context("could not wait for the child")? {
            drain(&lines, &mut on_line);
            return Ok(if status.success() { End::Success } else { End::Failure });
        }
        if Instant::now() > deadline {
            eprintln!("xtask: {name} stopped at its time limit of {} s", limit.as_secs());
            kill_tree(&mut child);
            drain(&lines, &mut on_line);
            return Ok(End::TimedOut);
        }
    }
}

fn forward(child: &mut Child) -> Result<Receiver<String>> {
    let output = child.stdout.take().context("child has no output")?;
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            let mut out = std::io::stdout().lock();
            // Nobody reading our own output is no reason to stop the child.
            let _ = out.write_all(&line).and_then(|()| out.flush());
            if send.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    Ok(receive)
}

fn drain(lines: &Receiver<String>, on_line: &mut impl FnMut(&str)) {
    while let Ok(line) = lines.recv_timeout(Duration::from_millis(200)) {
        on_line(&line);
    }
}

/// Ends the child and everything below it: cargo's test programs would otherwise go on alone.
fn kill_tree(child: &mut Child) {
    if cfg!(windows) {
        let _ = Command::new("taskkill").args(["/T", "/F", "/PID", &child.id().to_string()]).status();
    } else {
        let table = processes();
        let doomed = descendants(child.id(), &table).iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
        if !doomed.is_empty() {
            // `kill` is part of every shell, while the program of that name is not installed everywhere.
            let _ = Command::new("sh").args(["-c", &format!("kill -9 {doomed} 2>/dev/null")]).status();
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// (process, parent) of everything that runs.
fn processes() -> Vec<(u32, u32)> {
    if let Ok(folder) = std::fs::read_dir("/proc") {
        return folder
            .flatten()
            .filter_map(|entry| parent_of(&std::fs::read_to_string(entry.path().join("stat")).ok()?))
            .collect();
    }
    let listing = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output();
    let text = listing.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace().map(str::parse);
            Some((fields.next()?.ok()?, fields.next()?.ok()?))
        })
        .collect()
}

/// Linux `stat`: `pid (name) state ppid …`, where the name may contain anything.
fn parent_of(stat: &str) -> Option<(u32, u32)> {
    let process = stat.split_whitespace().next()?.parse().ok()?;
    let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
    Some((process, parent))
}

fn descendants(top: u32, table: &[(u32, u32)]) -> Vec<u32> {
    let mut found = vec![top];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(table.iter().filter(|(process, above)| *above == parent && *process != parent).map(|(process, _)| *process));
        next += 1;
    }
    found.remove(0);
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn stat_lines_with_odd_names_are_read() {
        assert_eq!(parent_of("42 (a (b) c) S 7 42 42 0"), Some((42, 7)));
        assert_eq!(parent_of("nonsense"), None);
    }

    #[test]
    fn descendants_are_found_at_any_depth() {
        let table = [(2, 1), (3, 2), (4, 3), (9, 8)];
        assert_eq!(descendants(1, &table), [2, 3, 4]);
    }

    #[cfg(unix)]
    #[test]
    fn lines_are_read_along_and_the_status_is_told() {
        let mut lines = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two; exit 3"]);
        let end = run(&mut command, NO_LIMIT, |line| lines.push(line.to_owned())).unwrap();
        assert_eq!((end, lines), (End::Failure, vec!["one".to_owned(), "two".to_owned()]));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_hanging_child_ends_with_all_it_started() {
        let started = Instant::now();
        let mut below = String::new();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & echo $!; wait"]);
        let end = run(&mut command, Duration::from_millis(400), |line| below = line.to_owned()).unwrap();
        assert_eq!(end, End::TimedOut);
        assert!(started.elapsed() < Duration::from_secs(20));
        // Gone, or dead and not yet collected by its new parent.
        let stat = std::fs::read_to_string(format!("/proc/{below}/stat")).unwrap_or_default();
        assert!(!below.is_empty() && (stat.is_empty() || stat.contains(") Z")), "{stat}");
    }
}
