//! What is typed into the model's form, checked as it is typed.

use fovea_student::card::Normalisation;

/// Nothing typed, a value, or what is wrong.
pub type Parsed<T> = Result<Option<T>, String>;

/// Mean and deviation of ImageNet, as torchvision's networks are trained with.
pub const IMAGENET: Normalisation = Normalisation { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/// What is done to RGB values in [0, 1].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Norm {
    /// Nothing.
    #[default]
    None,
    /// [`IMAGENET`].
    ImageNet,
    /// Typed numbers.
    Custom,
}

/// Side of the input.
pub fn parse_input(text: &str) -> Parsed<usize> {
    match text.trim() {
        "" => Ok(None),
        text => match text.parse() {
            Ok(px) if (1..=8192).contains(&px) => Ok(Some(px)),
            _ => Err("a whole number from 1 to 8192".into()),
        },
    }
}

/// Micrometres per px.
pub fn parse_um(text: &str) -> Parsed<f64> {
    match text.trim().replace(',', ".") {
        text if text.is_empty() => Ok(None),
        text => match text.parse::<f64>() {
            Ok(um) if um.is_finite() && um > 0.0 => Ok(Some(um)),
            _ => Err("a positive number".into()),
        },
    }
}

/// Class names, `count` of them where that is known.
pub fn parse_classes(text: &str, count: Option<usize>) -> Parsed<Vec<String>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = text.split(',').map(|n| n.trim().to_owned()).collect();
    if names.iter().any(String::is_empty) {
        return Err("a name is empty".into());
    }
    match count {
        Some(n) if n != names.len() => Err(format!("{} names, but the network scores {n} classes", names.len())),
        _ => Ok(Some(names)),
    }
}

/// Mean and deviation as chosen or typed.
pub fn parse_norm(norm: Norm, mean: &str, std: &str) -> Parsed<Normalisation> {
    match norm {
        Norm::None => Ok(None),
        Norm::ImageNet => Ok(Some(IMAGENET)),
        Norm::Custom => {
            let (mean, std) = (triple(mean)?, triple(std)?);
            if std.iter().any(|s| *s <= 0.0) {
                return Err("deviations must be positive".into());
            }
            Ok(Some(Normalisation { mean, std }))
        }
    }
}

fn triple(text: &str) -> Result<[f32; 3], String> {
    let numbers = text.split([',', ';', ' ']).filter(|t| !t.is_empty()).map(|t| t.parse::<f32>().ok().filter(|v| v.is_finite()));
    let numbers: Option<Vec<f32>> = numbers.collect();
    numbers.and_then(|n| n.try_into().ok()).ok_or_else(|| "three numbers for red, green, blue, e.g. 0.7, 0.5, 0.7".into())
}

/// Three numbers as they are typed.
pub fn typed(numbers: [f32; 3]) -> String {
    numbers.map(|n| n.to_string()).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_checked_as_they_are_typed() {
        assert_eq!((parse_input(" 128 "), parse_input("")), (Ok(Some(128)), Ok(None)));
        assert!(parse_input("0").is_err() && parse_input("9000").is_err() && parse_input("a").is_err());
        assert_eq!(parse_um("0,5"), Ok(Some(0.5)));
        assert!(parse_um("-1").is_err() && parse_um("inf").is_err());
        assert_eq!(parse_classes("a, b", Some(2)), Ok(Some(vec!["a".into(), "b".into()])));
        assert!(parse_classes("a,b", Some(3)).is_err() && parse_classes("a,,b", None).is_err());
        let own = Normalisation { mean: [0.5; 3], std: [0.25, 1.0, 2.0] };
        assert_eq!(parse_norm(Norm::Custom, &typed(own.mean), "0.25 1 2"), Ok(Some(own)));
        assert!(parse_norm(Norm::Custom, "1, 2", "1, 1, 1").is_err() && parse_norm(Norm::Custom, "0,0,0", "1,0,1").is_err());
    }
}
