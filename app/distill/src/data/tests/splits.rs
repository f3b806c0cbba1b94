use crate::data::parts::{slide, take};
use crate::data::{Sample, Source};

fn sample(name: String, label: usize) -> Sample {
    Sample { name, source: Source::Memory([].into()), label, mask: None }
}

#[test]
fn slides_by_name() {
    assert_eq!(slide("16B0001800_Block_Region_0_0_0_xini_6803_yini_59786.jpg"), "16B0001800");
    assert_eq!(slide("train/NC/S1_xini_3_yini_4.png"), "S1");
    assert_eq!(slide("test/G3/S1_xini_5_yini_4.png"), "S1");
    assert_eq!(slide("a/b.png"), "a/b.png", "a bare file name says nothing about the slide");
}

#[test]
fn slides_stay_whole_and_classes_in_proportion() {
    let samples: Vec<Sample> =
        (0..300).map(|i| sample(format!("S{}_xini_{i}_yini_0.png", i / 10), usize::from(i % 10 < 3))).collect();
    let (train, validation) = take(samples.clone(), 2, 0.2, 4);
    assert_eq!((train.len(), validation.len()), (240, 60));
    assert_eq!(validation.iter().filter(|s| s.label == 1).count(), 18);
    let slides = |of: &[Sample]| of.iter().map(|s| slide(&s.name).to_owned()).collect::<std::collections::BTreeSet<_>>();
    assert!(slides(&train).is_disjoint(&slides(&validation)));
    let names = |of: &[Sample]| of.iter().map(|s| s.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&take(samples.clone(), 2, 0.2, 4).1), names(&validation));
    assert_ne!(names(&take(samples, 2, 0.2, 5).1), names(&validation));
}
