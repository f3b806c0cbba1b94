//! Turning words on the command line into the libraries' own types.

use fovea_engine::Preference;
use fovea_patch::{Colormap, Framing, Range};
use fovea_student::Method;
use serde::de::DeserializeOwned;

/// A value by the name the files use for it (`positive`, `hi-res-cam`, `viridis`, …).
fn by_name<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_ascii_lowercase())).ok()
}

/// The name the files use for a value.
pub fn name_of<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

fn choices<T: serde::Serialize>(all: &[T]) -> String {
    all.iter().map(name_of).collect::<Vec<_>>().join(", ")
}

/// `--method`.
pub fn method(text: &str) -> Result<Method, String> {
    let plain = |s: &str| s.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let same = |m: &&Method| plain(&name_of(*m)) == plain(text);
    let alias = match text.to_ascii_lowercase().as_str() {
        "at+" | "at" => Some(Method::Positive),
        "grad-cam++" | "gradcam++" => Some(Method::GradCamPlusPlus),
        _ => None,
    };
    let found = alias.or_else(|| Method::ALL.iter().find(same).copied());
    found.ok_or_else(|| format!("known methods: {}", choices(&Method::ALL)))
}

/// `--colormap`.
pub fn colormap(text: &str) -> Result<Colormap, String> {
    by_name(text).ok_or_else(|| format!("known colour maps: {}", choices(&Colormap::ALL)))
}

/// `--framing`.
pub fn framing(text: &str) -> Result<Framing, String> {
    by_name(text).ok_or_else(|| "known framings: tile, whole".to_string())
}

/// `--device`.
pub fn preference(text: &str) -> Result<Preference, String> {
    text.parse().map_err(|_| "known devices: auto, gpu, cpu".to_string())
}

/// `--range lo,hi`.
pub fn range(text: &str) -> Result<Range, String> {
    let ends: Vec<f32> = text.split(',').map(|t| t.trim().parse()).collect::<Result<_, _>>().map_err(|_| "two numbers: lo,hi")?;
    match ends[..] {
        [lo, hi] if lo.is_finite() && hi.is_finite() && lo < hi => Ok(Range::Fixed { lo, hi }),
        _ => Err("two numbers, the first the smaller: lo,hi".to_string()),
    }
}

/// `--opacity`.
pub fn share(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "a number from 0 to 1")?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("a number from 0 to 1".to_string()) }
}

/// `--um-per-px` and `--image-um-per-px`.
pub fn micrometres(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "micrometres per pixel, a positive number")?;
    let usable = value.is_finite() && value > 0.0;
    if usable { Ok(value) } else { Err("micrometres per pixel, a positive number".to_string()) }
}

/// Anything that counts from 1.
pub fn count(text: &str) -> Result<usize, String> {
    let value: usize = text.parse().map_err(|_| "a whole number from 1")?;
    if value == 0 { Err("a whole number from 1".to_string()) } else { Ok(value) }
}

/// `--input`: pixels a side. The bound keeps a slip of the finger from asking for terabytes.
pub fn pixels(text: &str) -> Result<usize, String> {
    match count(text)? {
        px if px <= 8192 => Ok(px),
        _ => Err("at most 8192 px".to_string()),
    }
}

/// `--mean` and `--std`: red, green, blue.
pub fn channels(text: &str) -> Result<[f32; 3], String> {
    let refuse = || "three numbers: red,green,blue".to_string();
    let parts: Vec<f32> = text.split(',').map(|t| t.trim().parse()).collect::<Result<_, _>>().map_err(|_| refuse())?;
    let three: [f32; 3] = parts.try_into().map_err(|_| refuse())?;
    if three.iter().all(|v| v.is_finite()) { Ok(three) } else { Err(refuse()) }
}

/// `--std`.
pub fn deviations(text: &str) -> Result<[f32; 3], String> {
    let three = channels(text)?;
    if three.iter().all(|v| *v > 0.0) { Ok(three) } else { Err("three positive numbers: red,green,blue".to_string()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn methods_by_many_spellings() {
        for (text, wanted) in [
            ("positive", Method::Positive),
            ("AT+", Method::Positive),
            ("GradCAM", Method::GradCam),
            ("grad-cam++", Method::GradCamPlusPlus),
            ("hirescam", Method::HiResCam),
            ("EigenCAM", Method::EigenCam),
            ("eigen-cam", Method::EigenCam),
        ] {
            assert_eq!(method(text).unwrap(), wanted, "{text}");
        }
        assert!(method("saliency").unwrap_err().contains("positive"));
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(range("0, 2.5").unwrap(), Range::Fixed { lo: 0.0, hi: 2.5 });
        assert!(range("2,1").is_err() && range("1").is_err() && range("nan,1").is_err());
        assert!(share("1.2").is_err() && share("nan").is_err() && micrometres("0").is_err() && count("0").is_err());
        assert!(pixels("100000").is_err());
        assert_eq!(channels("0.5, 0.4,-1").unwrap(), [0.5, 0.4, -1.0]);
        assert!(channels("1,2").is_err() && channels("nan,1,1").is_err() && deviations("1,0,1").is_err());
        assert_eq!(colormap("Turbo").unwrap(), Colormap::Turbo);
    }
}
