//! Micrometres per pixel and the place on the slide, as far as files tell.

/// Coarser than this is a screen or print resolution, never microscopy.
const COARSEST_UM: f64 = 100.0;

/// Print and screen densities in dots per inch that programs write without meaning anything by them.
const PRINT_DPI: [f64; 25] = [
    72.0, 75.0, 90.0, 96.0, 100.0, 120.0, 144.0, 150.0, 160.0, 180.0, 192.0, 200.0, 240.0, 250.0, 288.0, 300.0, 350.0, 360.0,
    400.0, 450.0, 600.0, 720.0, 1200.0, 2400.0, 4800.0,
];

/// µm/px from a density tag: `x`, `y` in pixels per unit, `unit_um` the unit in µm. None, with a note where that helps,
/// when the density is a print resolution, differs between the axes or is implausible for microscopy.
pub(super) fn from_density(x: f64, y: f64, unit_um: f64, notes: &mut Vec<String>) -> Option<f64> {
    let um = plausible(unit_um / x)?;
    if !(0.99..=1.01).contains(&(x / y)) {
        notes.push("resolution tag differs between the axes: ignored".into());
        return None;
    }
    let dpi = 25_400.0 / um;
    // 0.3 dpi: tags store whole pixels per centimetre or metre.
    if PRINT_DPI.iter().any(|p| (dpi - p).abs() < 0.3) {
        notes.push(format!("resolution tag of {dpi:.0} dpi is a print setting, not a scale: ignored"));
        return None;
    }
    Some(um)
}

/// µm/px from a TIFF ImageDescription: Aperio's `MPP = 0.4990`, or OME's `PhysicalSizeX` in µm.
pub(super) fn from_description(text: &str) -> Option<f64> {
    let aperio = text.split('|').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        (key.trim() == "MPP").then(|| value.trim().parse().ok())?
    });
    aperio.or_else(|| ome(text)).and_then(plausible)
}

fn ome(text: &str) -> Option<f64> {
    let attribute = |key: &str| Some(text.split_once(key)?.1.split_once('"')?.0);
    match attribute("PhysicalSizeXUnit=\"") {
        None | Some("µm" | "um" | "&#181;m" | "&#xB5;m") => attribute("PhysicalSizeX=\"")?.parse().ok(),
        Some("nm") => attribute("PhysicalSizeX=\"")?.parse::<f64>().ok().map(|nm| nm / 1e3),
        Some(_) => None,
    }
}

/// True when ImageJ wrote the file with micrometres as its unit: then the density is per µm, whatever the unit tag says.
pub(super) fn imagej_microns(text: &str) -> bool {
    let unit = |line: &str| matches!(line.strip_prefix("unit="), Some("micron" | "um" | "µm" | "\\u00B5m" | "microns"));
    text.starts_with("ImageJ=") && text.lines().any(|line| unit(line.trim()))
}

fn plausible(um: f64) -> Option<f64> {
    (um.is_finite() && um > 0.0 && um < COARSEST_UM).then_some(um)
}

/// Level-0 position from `…_xini_<x>_yini_<y>…` (the SICAPv2 file names).
pub(super) fn position(name: &str) -> Option<(i64, i64)> {
    let number = |key: &str| {
        let rest = name.split_once(key)?.1;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end)?.parse::<i64>().ok()
    };
    Some((number("_xini_")?, number("_yini_")?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn density_is_believed_only_when_it_can_be_a_microscope() {
        let mut notes = vec![];
        assert_eq!(from_density(20_000.0, 20_000.0, 1e4, &mut notes), Some(0.5));
        assert_eq!(from_density(1e6, 1e6, 1e6, &mut notes), Some(1.0));
        assert!(notes.is_empty());
        for dpi in [72.0, 96.0, 300.0, 600.0] {
            assert_eq!(from_density(dpi, dpi, 25_400.0, &mut notes), None, "{dpi}");
            let per_metre = (dpi / 0.0254_f64).round();
            assert_eq!(from_density(per_metre, per_metre, 1e6, &mut notes), None, "{dpi}");
        }
        assert_eq!(from_density(20_000.0, 10_000.0, 1e4, &mut notes), None);
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(from_density(bad, bad, 1e4, &mut notes), None);
        }
    }

    #[test]
    fn descriptions() {
        assert_eq!(from_description("Aperio v11\r\n1x1;x|AppMag = 20|MPP = 0.4990|Left = 25.6"), Some(0.499));
        assert_eq!(from_description("Aperio|MPP = 0"), None);
        assert_eq!(from_description("a|MPP = oops|b"), None);
        let ome = r#"<Pixels PhysicalSizeX="0.25" PhysicalSizeXUnit="µm" PhysicalSizeY="0.25">"#;
        assert_eq!(from_description(ome), Some(0.25));
        assert_eq!(from_description(r#"PhysicalSizeX="3" PhysicalSizeXUnit="mm""#), None);
        assert!(imagej_microns("ImageJ=1.53\nunit=micron\n"));
        assert!(!imagej_microns("ImageJ=1.53\nunit=inch\n"));
    }

    #[test]
    fn positions() {
        assert_eq!(position("16B0001851_Block_Region_1_0_1_xini_6803_yini_59786.jpg"), Some((6803, 59786)));
        assert_eq!(position("a_xini_1_yini_.jpg"), None);
        assert_eq!(position("a_xini_99999999999999999999_yini_1"), None);
        assert_eq!(position("patch.png"), None);
    }
}
