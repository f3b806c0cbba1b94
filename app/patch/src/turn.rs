//! The eight flips and rotations of a square image, and maps turned back.

/// One of the eight: axes swapped, then flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    swap: bool,
    flip_x: bool,
    flip_y: bool,
}

impl Turn {
    /// How many there are.
    pub const COUNT: u8 = 8;

    /// By number, 0 the image as it is: 1 mirrors left and right, 2 top and bottom, 4 swaps the axes. Bits past these do not count.
    pub fn nth(i: u8) -> Self {
        Self { swap: i & 4 != 0, flip_x: i & 1 != 0, flip_y: i & 2 != 0 }
    }

    /// All eight, the image as it is first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self::nth)
    }

    /// Those that maps of all these heights and widths can be turned back from, the image as it is first.
    pub fn for_maps(sides: &[(usize, usize)]) -> Vec<Self> {
        Self::all().filter(|t| sides.iter().all(|&(h, w)| t.suits(h, w))).collect()
    }

    /// Whether maps of this shape can be turned back: only square ones can be after a swap of the axes.
    pub fn suits(self, h: usize, w: usize) -> bool {
        !self.swap || h == w
    }

    /// Where the turned cell (`x`, `y`) comes from.
    fn source(self, x: usize, y: usize, w: usize, h: usize) -> (usize, usize) {
        let x = if self.flip_x { w - 1 - x } else { x };
        let y = if self.flip_y { h - 1 - y } else { y };
        if self.swap { (y, x) } else { (x, y) }
    }

    /// A square RGB image, turned.
    pub fn image(self, rgb: &[u8], side: usize) -> Vec<u8> {
        let cells = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
        let pixel = |(x, y)| {
            let (sx, sy) = self.source(x, y, side, side);
            let at = (sy * side + sx) * 3;
            rgb.get(at..at + 3).unwrap_or(&[0; 3]).iter().copied()
        };
        cells.flat_map(pixel).collect()
    }

    /// Adds `share` of planes of `h` × `w` cells to `sum`, turned back. Square planes where the axes are swapped.
    pub fn add_back(self, planes: &[f32], (h, w): (usize, usize), share: f32, sum: &mut [f32]) {
        let cells = (h * w).max(1);
        for (plane, sum) in planes.chunks_exact(cells).zip(sum.chunks_exact_mut(cells)) {
            for (i, v) in plane.iter().enumerate() {
                let (sx, sy) = self.source(i % w, i / w, w, h);
                if let Some(cell) = sum.get_mut(sy * w + sx) {
                    *cell += share * v;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turned_back_is_as_before() {
        let image: Vec<u8> = (0..27).collect();
        let red = |rgb: &[u8]| rgb.iter().step_by(3).map(|v| f32::from(*v)).collect::<Vec<_>>();
        let mut seen = vec![];
        for turn in Turn::all() {
            let turned = turn.image(&image, 3);
            let mut back = vec![0.0; 9];
            turn.add_back(&red(&turned), (3, 3), 1.0, &mut back);
            assert_eq!(back, red(&image), "{turn:?}");
            assert!(!seen.contains(&turned), "{turn:?} is one of the others");
            seen.push(turned);
        }
        assert_eq!(seen.first(), Some(&image));
    }

    #[test]
    fn oblong_maps_are_only_flipped() {
        assert_eq!((Turn::for_maps(&[(4, 4), (2, 3)]).len(), Turn::for_maps(&[(4, 4)]).len()), (4, 8));
        let mut sum = vec![0.0; 2];
        Turn { swap: false, flip_x: true, flip_y: false }.add_back(&[1.0, 2.0], (1, 2), 0.5, &mut sum);
        assert_eq!(sum, [1.0, 0.5]);
    }
}
