//! How long a run still takes.

use web_time::{Duration, Instant};

/// How fast it goes, measured since it last began to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    began: Option<(f64, Instant)>,
    last: Option<(f64, Instant)>,
}

impl Pace {
    /// It begins, or goes on, with this share done.
    pub fn begin(&mut self, share: f64, now: Instant) {
        (self.began, self.last) = (Some((share, now)), None);
    }

    /// This share is done now.
    pub fn at(&mut self, share: f64, now: Instant) {
        self.last = Some((share, now));
    }

    /// How long the rest takes. None before two steps were seen: the first one also compiles and reads.
    pub fn left(&self, share: f64) -> Option<Duration> {
        let ((before, began), (after, last)) = (self.began?, self.last?);
        let (done, took) = (after - before, last.saturating_duration_since(began).as_secs_f64());
        let left = took / done * (1.0 - share);
        (done > 0.0 && took > 2.0 && left.is_finite()).then(|| Duration::from_secs_f64(left.max(0.0)))
    }
}

/// "12 s", "4 min", "1 h 20 min".
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5399 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        let said = [7, 130, 3600 * 2 + 120].map(|s| duration(Duration::from_secs(s)));
        assert_eq!(said, ["7 s", "2 min", "2 h 2 min"]);
    }
}
