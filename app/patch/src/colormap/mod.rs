//! Colour maps, each as matplotlib has it.

mod tables;

use serde::{Deserialize, Serialize};

/// A colour map of 256 entries.
///
/// Viridis is the default. Blended half and half over two H&E images, its distance from the bare tissue (CIE Lab ΔE,
/// mean) grows all the way up the scale: 20, 27, 47, 64 at ¼, ½, ¾ and 1 on one, 24, 38, 59, 74 on the other, with
/// yellow-green ends that no stain has. Magma and inferno sag where they pass through the tissue's own pinks (magma:
/// 34, 29, 32, 31), and turbo is strongest in the middle (25, 66, 46, 38), which reads as if medium evidence were most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colormap {
    /// Perceptually uniform, dark blue to yellow.
    #[default]
    Viridis,
    /// Perceptually uniform, black to pale yellow.
    Inferno,
    /// Perceptually uniform, black to pale pink; drowns in H&E.
    Magma,
    /// Perceptually uniform, blue to yellow, made for colour-blind readers.
    Cividis,
    /// Rainbow without jet's bands.
    Turbo,
    /// The classic rainbow; its bands suggest edges that are not there.
    Jet,
}

impl Colormap {
    /// Every map, the recommended ones first.
    pub const ALL: [Self; 6] = [Self::Viridis, Self::Inferno, Self::Magma, Self::Cividis, Self::Turbo, Self::Jet];

    /// Name for menus.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Viridis => "Viridis",
            Self::Inferno => "Inferno",
            Self::Magma => "Magma",
            Self::Cividis => "Cividis",
            Self::Turbo => "Turbo",
            Self::Jet => "Jet (for comparison)",
        }
    }

    /// The table as packed RGBA8, red in the low byte, alpha 255: what overlay kernel and twin read.
    #[must_use]
    pub fn lut(self) -> [u32; 256] {
        self.table().map(|v| (v >> 16) | (v & 0xff00) | ((v & 0xff) << 16) | 0xff00_0000)
    }

    /// The colour at `t`, which is clamped to 0…1; NaN gives the lowest.
    #[must_use]
    pub fn rgb(self, t: f32) -> [u8; 3] {
        let [_, r, g, b] = self.table()[(t.clamp(0.0, 1.0) * 255.0).round() as usize].to_be_bytes();
        [r, g, b]
    }

    fn table(self) -> &'static [u32; 256] {
        match self {
            Self::Viridis => &tables::VIRIDIS,
            Self::Inferno => &tables::INFERNO,
            Self::Magma => &tables::MAGMA,
            Self::Cividis => &tables::CIVIDIS,
            Self::Turbo => &tables::TURBO,
            Self::Jet => &tables::JET,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn ends_are_the_published_ones() {
        assert_eq!((Colormap::Viridis.rgb(0.0), Colormap::Viridis.rgb(1.0)), ([68, 1, 84], [253, 231, 37]));
        assert_eq!((Colormap::Inferno.rgb(0.0), Colormap::Inferno.rgb(1.0)), ([0, 0, 4], [252, 255, 164]));
        assert_eq!((Colormap::Jet.rgb(-1.0), Colormap::Jet.rgb(f32::NAN)), ([0, 0, 128], [0, 0, 128]));
        assert_eq!(Colormap::Viridis.lut()[0], u32::from_le_bytes([68, 1, 84, 255]));
    }

    #[test]
    fn names_are_distinct_and_survive_serde() {
        for map in Colormap::ALL {
            let text = serde_json::to_string(&map).unwrap();
            assert_eq!(serde_json::from_str::<Colormap>(&text).unwrap(), map);
            assert!(map.lut().iter().all(|v| v >> 24 == 255));
            assert_eq!(Colormap::ALL.iter().filter(|m| m.label() == map.label()).count(), 1);
        }
        assert_eq!(Colormap::ALL[0], Colormap::default());
        assert!(Colormap::Jet.label().contains("for comparison"));
    }
}
