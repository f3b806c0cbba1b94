//! Linear counts of workgroups as the three dimensions a GPU takes.
//!
//! `wgsl/shared/index.wgsl` undoes the split.

/// WebGPU's default limit of workgroups per dimension.
pub const MAX_GROUPS_PER_DIMENSION: u64 = 65_535;

/// A kernel's linear index (group · 256 + invocation) must fit in u32.
pub const MAX_GROUPS: u64 = (1 << 32) / 256 - 1;

/// A call is too large to be dispatched at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyGroups {
    /// What was asked for.
    pub groups: u64,
}

impl core::fmt::Display for TooManyGroups {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} workgroups in one call; at most {MAX_GROUPS} can be addressed", self.groups)
    }
}

impl std::error::Error for TooManyGroups {}

/// Splits `groups` into (x, y, 1) with x · y ≥ `groups` and fewer than y surplus groups, which the kernels skip.
pub fn split(groups: u64) -> Result<[u32; 3], TooManyGroups> {
    if groups > MAX_GROUPS {
        return Err(TooManyGroups { groups });
    }
    let y = groups.div_ceil(MAX_GROUPS_PER_DIMENSION).max(1);
    let x = groups.div_ceil(y);
    // Both are at most MAX_GROUPS, which fits.
    Ok([x as u32, y as u32, 1])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn splits_cover_and_hardly_exceed() {
        for groups in [0, 1, 7, 65_535, 65_536, 65_537, 131_070, 131_071, 1_000_003, MAX_GROUPS] {
            let [x, y, z] = split(groups).unwrap().map(u64::from);
            assert_eq!(z, 1);
            assert!(x <= MAX_GROUPS_PER_DIMENSION && y <= MAX_GROUPS_PER_DIMENSION, "{groups}");
            assert!(x * y >= groups && x * y < groups + y, "{groups}: {x} x {y}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_addressed() {
        assert_eq!(split(MAX_GROUPS + 1), Err(TooManyGroups { groups: MAX_GROUPS + 1 }));
        assert!(split(MAX_GROUPS + 1).unwrap_err().to_string().contains("16777216"));
    }
}
