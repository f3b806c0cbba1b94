//! Files made to do harm: each is refused with a reason, and nothing runs, hangs or fills the memory.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::bare;
use fovea_student::load;
use fovea_student::load::Reason;
use fovea_student::load::pickle::{MAX_MARKS, Object, PickleError, unpickle};
use std::io::Write;
use zip::CompressionMethod::{self, Deflated, Stored};

/// A PyTorch archive around a pickle and storages.
fn archive(pickle: &[u8], storages: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    zip.start_file("any name/data.pkl", options).unwrap();
    zip.write_all(pickle).unwrap();
    for (key, bytes) in storages {
        zip.start_file(format!("any name/data/{key}"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Writes pickles: just enough to express state dicts as `torch.save` does.
#[derive(Default)]
struct Pickler(Vec<u8>);

impl Pickler {
    fn text(mut self, s: &str) -> Self {
        self.0.push(b'X');
        self.0.extend((s.len() as u32).to_le_bytes());
        self.0.extend(s.as_bytes());
        self
    }
    fn int(mut self, i: i64) -> Self {
        self.0.extend([0x8a, 8]);
        self.0.extend(i.to_le_bytes());
        self
    }
    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }
    fn tuple(mut self, items: &[i64]) -> Self {
        self.0.push(b'(');
        items.iter().fold(self, |p, i| p.int(*i)).raw(b"t")
    }
    /// One entry of a state dict: a float tensor on the storage `key` of `len` elements.
    fn tensor(self, name: &str, key: &str, len: i64, offset: i64, shape: &[i64], stride: &[i64]) -> Self {
        let p = self.text(name).raw(b"ctorch._utils\n_rebuild_tensor_v2\n((").text("storage").raw(b"ctorch\nFloatStorage\n");
        let p = p.text(key).text("cuda:0").int(len).raw(b"tQ").int(offset);
        p.tuple(shape).tuple(stride).raw(b"\x89}tR")
    }
    fn dict(entries: impl FnOnce(Self) -> Self) -> Vec<u8> {
        entries(Self(b"\x80\x02}(".to_vec())).raw(b"u.").0
    }
}

fn floats(n: usize) -> Vec<u8> {
    (0..n).flat_map(|i| (i as f32).to_le_bytes()).collect()
}

fn refusal(pickle: &[u8], storages: &[(&str, Vec<u8>)]) -> String {
    load(&archive(pickle, storages, Stored), "bad.pth").unwrap_err().to_string()
}

#[test]
fn well_formed_archives_of_this_writer_are_read_stored_or_deflated() {
    let pickle = Pickler::dict(|p| p.tensor("a", "0", 6, 1, &[2, 2], &[1, 2]).tensor("b", "0", 6, 0, &[6], &[1]));
    for method in [Stored, Deflated] {
        let c = bare(&archive(&pickle, &[("0", floats(6))], method), "good.pth");
        assert_eq!(c.weights.get("a").unwrap().data(), [1.0, 3.0, 2.0, 4.0]);
        assert_eq!(c.weights.get("b").unwrap().data(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "a shared storage");
    }
}

#[test]
fn code_is_named_and_never_run() {
    for (code, name) in [
        (&b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R."[..], "os.system"),
        (b"\x80\x04\x8c\x05posix\x8c\x06system\x93.", "posix.system"),
        (b"\x80\x02c__builtin__\neval\n.", "__builtin__.eval"),
        (b"\x80\x02ctorch.nn.modules.module\n_load\n.", "torch.nn.modules.module._load"),
        (b"\x80\x02ctorch.nn.modules.x\nA.b\n.", "torch.nn.modules.x.A.b"),
        (b"\x80\x02ctorch.storage\n_load_from_bytes\n.", "torch.storage._load_from_bytes"),
        (b"\x80\x02cfunctools\npartial\n.", "functools.partial"),
    ] {
        assert_eq!(unpickle(code).unwrap_err(), PickleError::Global(name.into()));
        let error = refusal(code, &[]);
        assert!(error.contains(name) && error.ends_with("(bad.pth)"), "{error}");
    }
    // INST and OBJ, which make instances without REDUCE, and extension codes are no instructions of torch.save.
    for code in [&b"(ios\nsystem\n."[..], b"(cos\nsystem\no.", b"\x82\x01.", b"Pid\n.", b"\x97."] {
        assert!(matches!(unpickle(code), Err(PickleError::Opcode { .. } | PickleError::Global(_))), "{code:?}");
    }
    // Allowed classes are not callable, and allowed functions take no state.
    assert!(unpickle(b"ctorch.nn.modules.conv\nConv2d\n)R.").is_err());
    assert!(unpickle(b"ctorch._utils\n_rebuild_tensor_v2\n}b.").is_err());
}

#[test]
fn nesting_and_bombs_are_bounded() {
    let marks = [vec![b'('; MAX_MARKS + 1], b".".to_vec()].concat();
    assert!(matches!(unpickle(&marks), Err(PickleError::TooLarge(_))));
    let deep: Vec<u8> = [b"]".repeat(200_000), b"a".repeat(199_999), b".".to_vec()].concat();
    let pickle = unpickle(&deep).unwrap();
    assert!(matches!(pickle.get(pickle.root()), Object::List(_)));
    assert!(refusal(&deep, &[]).contains("neither a module nor a state dict"));
    let memo: Vec<u8> = (0..400_000u32).flat_map(|i| [&b"Nr"[..], &i.to_le_bytes(), b"0"].concat()).chain(*b"N.").collect();
    assert!(matches!(unpickle(&memo), Err(PickleError::TooLarge(_))));
    let objects = [b")".repeat(400_000), b".".to_vec()].concat();
    assert!(matches!(unpickle(&objects), Err(PickleError::TooLarge(_))));
    // One list copied again and again.
    let copies =
        [&b"](NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNeq\x00"[..], &b"c__builtin__\nset\nh\x00\x85R".repeat(100_000), b"."].concat();
    assert!(matches!(unpickle(&copies), Err(PickleError::TooLarge(_))));
    // A list that holds itself.
    assert!(refusal(b"]q\x00h\x00a.", &[]).contains("neither"));
    assert!(refusal(b"}q\x00X\x05\x00\x00\x00modelh\x00s.", &[]).contains("without tensors"));
}

#[test]
fn modules_that_hold_each_other_twice_do_not_explode() {
    // Forty modules, each with the next one as both children: 2^40 paths.
    let mut p = Pickler(b"\x80\x02".to_vec());
    let class = b"ctorch.nn.modules.container\nSequential\n)\x81";
    p = p.raw(class);
    for i in 0..40u8 {
        p = p.raw(&[b'q', i, b'0']).raw(class).raw(b"}(").text("_modules").raw(b"}(");
        p = p.text("0").raw(&[b'h', i]).text("1").raw(&[b'h', i]).raw(b"uub");
    }
    let error = refusal(&p.raw(b".").0, &[]);
    assert!(error.contains("too"), "{error}");
    let own = [&class[..], b"q\x00}X\x08\x00\x00\x00_modules}X\x01\x00\x00\x000h\x00ssb."].concat();
    assert!(refusal(&own, &[]).contains("nested too deeply"));
}

#[test]
fn claimed_lengths_are_not_believed() {
    for head in [
        &b"X\xff\xff\xff\xff"[..],
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"B\xff\xff\xff\x7f",
        b"\x8b\xff\xff\xff\x7f",
        b"T\xff\xff\xff\xff",
    ] {
        assert_eq!(unpickle(&[head, b"abc."].concat()).unwrap_err(), PickleError::Truncated);
    }
    let header = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    assert!(matches!(load(&header, "x").unwrap_err().reason, Reason::TooLarge(_)));
}

#[test]
fn tensors_outside_their_storage_are_refused() {
    let six = [("0", floats(6))];
    let one = |len, offset, shape: &[i64], stride: &[i64]| {
        refusal(&Pickler::dict(|p| p.tensor("w", "0", len, offset, shape, stride)), &six)
    };
    assert!(one(6, 0, &[7], &[1]).contains("'w' cannot be read: it reaches beyond"));
    assert!(one(6, 3, &[2, 2], &[3, 1]).contains("beyond"));
    assert!(one(7, 0, &[2], &[1]).contains("shorter than it says"));
    assert!(one(6, 5, &[2], &[-1]).contains("negative"));
    assert!(one(6, -1, &[2], &[1]).contains("negative"));
    assert!(one(-6, 0, &[2], &[1]).contains("negative"));
    assert!(one(6, 0, &[2, 2], &[1]).contains("differ in length"));
    assert!(one(6, 0, &[i64::MAX, i64::MAX], &[0, 0]).contains("larger than the file allows"));
    assert!(one(6, 0, &[1 << 30], &[0]).contains("larger than the file allows"));
    assert!(one(6, 0, &[2], &[i64::MAX]).contains("beyond"));
    assert!(one(i64::MAX, i64::MAX, &[2], &[1]).contains("shorter"));
    assert!(one(6, 0, &[1; 9], &[1; 9]).contains("short tuple"));
    assert!(refusal(&Pickler::dict(|p| p.tensor("w", "9", 6, 0, &[6], &[1])), &six).contains("data/9"));
}

#[test]
fn overlapping_views_do_not_multiply_a_file() {
    let pickle = Pickler::dict(|p| (0..4000).fold(p, |p, i| p.tensor(&format!("w{i}"), "0", 1000, 0, &[1000], &[1])));
    assert!(refusal(&pickle, &[("0", floats(1000))]).contains("larger than the file allows"));
}

#[test]
fn zip_bombs_are_refused_before_they_inflate() {
    let pickle = Pickler::dict(|p| p.tensor("w", "0", 64 << 20, 0, &[4], &[1]));
    let bomb = archive(&pickle, &[("0", vec![0; 256 << 20])], Deflated);
    assert!(bomb.len() < 1 << 20);
    let error = load(&bomb, "bomb.pth").unwrap_err();
    assert!(matches!(error.reason, Reason::TooLarge(_)), "{error}");
    // One that lies about its size.
    let mut liar = archive(&Pickler::dict(|p| p.tensor("w", "0", 4, 0, &[4], &[1])), &[("0", vec![0; 1 << 20])], Deflated);
    let size = (1u32 << 20).to_le_bytes();
    while let Some(at) = liar.windows(4).position(|w| w == size) {
        liar[at..at + 4].copy_from_slice(&16u32.to_le_bytes());
    }
    assert!(load(&liar, "liar.pth").is_err());
}

#[test]
fn other_files_are_told_apart() {
    let text = |bytes: &[u8]| load(bytes, "f").unwrap_err().to_string();
    assert_eq!(text(b""), "the file is empty (f)");
    assert!(text(b"\x89PNG\r\n\x1a\n").contains("no model file"));
    assert!(text(b"PK\x03\x04").contains("cut short"));
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    zip.start_file("word/document.xml", zip::write::SimpleFileOptions::default().compression_method(Stored)).unwrap();
    assert!(text(&zip.finish().unwrap().into_inner()).contains("no PyTorch checkpoint"));
    let script = archive(b"N.", &[("../constants.pkl", vec![0])], Stored);
    assert!(text(&script).contains("TorchScript"));
}
