//! Which parts of a targets file the terms of a run read, and those parts for a batch.

use super::{Row, TargetsError, TargetsFile};
use crate::config::{At, AttentionForm, SrKind, Terms, at_name};
use crate::views::ViewId;

/// Places in the file's lists, one for each thing the terms need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Of the map of each AT term.
    pub maps: Vec<usize>,
    /// Of the features FM compares.
    pub features: Option<usize>,
    /// Of the last features, where SR compares at each place.
    pub last: Option<usize>,
}

/// What the Teacher says about a batch, sample by sample; shapes are those of the metadata with the sample axis in front.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// Number of samples.
    pub samples: usize,
    /// `[n, classes]`.
    pub logits: Vec<f32>,
    /// Raw maps `[n, classes, h, w]`, one per AT term.
    pub maps: Vec<Vec<f32>>,
    /// Features `[n, k, h, w]` FM compares.
    pub features: Option<Vec<f32>>,
    /// Features `[n, k, h, w]` SR compares at each place.
    pub last: Option<Vec<f32>>,
}

/// Whether a layer is meant by a name or a level.
fn meant(asked: &str, layer: &str, level: Option<i64>) -> bool {
    asked == layer || level.is_some_and(|l| asked == l.to_string())
}

fn called(layer: &str, level: Option<i64>) -> String {
    level.map_or_else(|| format!("'{layer}'"), |l| format!("{l} ('{layer}')"))
}

fn form_name(form: AttentionForm) -> &'static str {
    match form {
        AttentionForm::Positive => "positive",
        AttentionForm::Relu => "relu",
        AttentionForm::Signed => "signed",
    }
}

fn listed(all: Vec<String>, none: &str) -> String {
    if all.is_empty() { none.into() } else { all.join(", ") }
}

impl TargetsFile {
    /// Finds what the terms need.
    ///
    /// # Errors
    /// When a part is not in the file: the term, the part, and what there is.
    pub fn select(&self, terms: &Terms) -> Result<Selection, TargetsError> {
        let maps = terms.at.iter().enumerate().map(|(i, at)| self.map(at, &at_name(i))).collect::<Result<_, _>>()?;
        let features = terms.fm.as_ref().map(|fm| self.features(&fm.layer, "fm")).transpose()?;
        let last = match &terms.sr {
            Some(sr) => self.semantic(sr.kind)?,
            None => None,
        };
        Ok(Selection { maps, features, last })
    }

    /// Shape `[k, h, w]` of the last features, where the file has them.
    pub fn last_shape(&self) -> Option<[usize; 3]> {
        self.metadata.features.iter().find(|f| meant("-1", &f.layer, f.level)).map(|f| f.shape)
    }

    fn map(&self, at: &At, term: &str) -> Result<usize, TargetsError> {
        let asked = at.teacher_layer.as_ref().unwrap_or(&at.layer);
        let all = &self.metadata.attention;
        let found = all.iter().position(|a| a.form == at.form && meant(asked, &a.layer, a.level));
        found.ok_or_else(|| {
            let have = all.iter().map(|a| format!("{} {}", form_name(a.form), called(&a.layer, a.level))).collect();
            let what = format!("the {} map of layer {asked}", form_name(at.form));
            self.lacks(term, what, listed(have, "no maps"))
        })
    }

    fn features(&self, asked: &str, term: &str) -> Result<usize, TargetsError> {
        let all = &self.metadata.features;
        all.iter().position(|f| meant(asked, &f.layer, f.level)).ok_or_else(|| {
            let have = all.iter().map(|f| called(&f.layer, f.level)).collect();
            self.lacks(term, format!("the features of layer {asked}"), listed(have, "none (export with --features)"))
        })
    }

    fn semantic(&self, kind: SrKind) -> Result<Option<usize>, TargetsError> {
        let Some(head) = self.head() else {
            let have = "none: the Teacher's logits are not made by one Linear".into();
            return Err(self.lacks("sr", "the Teacher's head".into(), have));
        };
        match kind {
            SrKind::Last => Ok(None),
            SrKind::Spatial => self.readable(self.features("-1", "sr")?, head.features).map(Some),
        }
    }

    /// At each place the head reads the last features themselves, so they need as many channels as it has inputs. (Networks with
    /// layers between the two, as torchvision's VGG16, have another number.)
    fn readable(&self, last: usize, inputs: usize) -> Result<usize, TargetsError> {
        let channels = self.metadata.features.get(last).map_or(0, |f| f.shape[0]);
        if channels == inputs {
            return Ok(last);
        }
        let what =
            format!("last features with the {inputs} channels that the Teacher's head reads (SR of kind 'last' needs none)");
        Err(self.lacks("sr", what, format!("{channels} channels")))
    }

    fn lacks(&self, term: &str, what: String, have: String) -> TargetsError {
        TargetsError::Part { term: term.into(), what, have, file: self.file.clone() }
    }

    /// What the Teacher says about some views, each with the SHA-256 of its image's file.
    ///
    /// # Errors
    /// When an image or a view is not in the file.
    pub fn gather(&self, views: &[(&str, ViewId)], selection: &Selection) -> Result<Gathered, TargetsError> {
        let mut all = Gathered {
            samples: views.len(),
            maps: vec![vec![]; selection.maps.len()],
            features: selection.features.map(|_| vec![]),
            last: selection.last.map(|_| vec![]),
            ..Gathered::default()
        };
        for (sha256, view) in views {
            let row = self.row(sha256, view)?;
            all.logits.extend(&row.logits);
            for (whole, &i) in all.maps.iter_mut().zip(&selection.maps) {
                whole.extend(row.attention.get(i).into_iter().flatten());
            }
            for (whole, i) in [(&mut all.features, selection.features), (&mut all.last, selection.last)] {
                if let Some((whole, i)) = whole.as_mut().zip(i) {
                    whole.extend(row.features.get(i).into_iter().flatten());
                }
            }
        }
        Ok(all)
    }

    fn row(&self, sha256: &str, view: &ViewId) -> Result<Row, TargetsError> {
        self.get(sha256, view).ok_or_else(|| TargetsError::Mismatch {
            what: "missing row",
            targets: format!("{} images with views {}", self.images(), self.metadata.views),
            side: "the batch",
            other: format!("the view '{view}' of the image {sha256}"),
            file: self.file.clone(),
        })
    }
}
