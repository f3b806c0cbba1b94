//! Writes small ONNX files field by field, sound or not.
#![allow(dead_code)]

/// A protobuf message under construction.
#[derive(Clone, Default)]
pub struct Message(pub Vec<u8>);

impl Message {
    fn varint(&mut self, mut v: u64) {
        while v >= 0x80 {
            self.0.push(v as u8 | 0x80);
            v >>= 7;
        }
        self.0.push(v as u8);
    }
    pub fn int(mut self, field: u64, v: i64) -> Self {
        self.varint(field << 3);
        self.varint(v as u64);
        self
    }
    pub fn float(mut self, field: u64, v: f32) -> Self {
        self.varint(field << 3 | 5);
        self.0.extend(v.to_le_bytes());
        self
    }
    pub fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }
    pub fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }
    pub fn message(self, field: u64, m: &Message) -> Self {
        self.bytes(field, &m.0)
    }
}

pub fn attribute(name: &str, value: i64) -> Message {
    Message::default().text(1, name).int(3, value).int(20, 2)
}

pub fn attribute_ints(name: &str, values: &[i64]) -> Message {
    values.iter().fold(Message::default().text(1, name), |m, &v| m.int(8, v)).int(20, 7)
}

pub fn node_in(domain: &str, op: &str, inputs: &[&str], outputs: &[&str], attributes: &[Message]) -> Message {
    let m = inputs.iter().fold(Message::default(), |m, i| m.text(1, i));
    let m = outputs.iter().fold(m, |m, o| m.text(2, o));
    let m = m.text(3, &format!("node_{}", outputs.first().unwrap_or(&""))).text(4, op).text(7, domain);
    attributes.iter().fold(m, |m, a| m.message(5, a))
}

pub fn node(op: &str, inputs: &[&str], outputs: &[&str], attributes: &[Message]) -> Message {
    node_in("", op, inputs, outputs, attributes)
}

/// Element type 1 is f32, 7 is i64.
pub fn header(name: &str, element: i64, dims: &[i64]) -> Message {
    dims.iter().fold(Message::default(), |m, &d| m.int(1, d)).int(2, element).text(8, name)
}

pub fn floats(name: &str, dims: &[i64], values: &[f32]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    header(name, 1, dims).bytes(9, &raw)
}

pub fn ints(name: &str, values: &[i64]) -> Message {
    values.iter().fold(header(name, 7, &[values.len() as i64]), |m, &v| m.int(7, v))
}

pub fn external(name: &str, dims: &[i64], file: &str, offset: &str, length: &str) -> Message {
    let entry = |k: &str, v: &str| Message::default().text(1, k).text(2, v);
    let m = header(name, 1, dims).int(14, 1).message(13, &entry("location", file));
    m.message(13, &entry("offset", offset)).message(13, &entry("length", length))
}

/// An input or output; 0 leaves a side open.
pub fn port(name: &str, element: i64, sides: &[i64]) -> Message {
    let side = |&d: &i64| if d > 0 { Message::default().int(1, d) } else { Message::default().text(2, "n") };
    let shape = sides.iter().fold(Message::default(), |m, d| m.message(1, &side(d)));
    let tensor = Message::default().int(1, element).message(2, &shape);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}

/// A model under construction.
#[derive(Clone)]
pub struct Model {
    pub opset: i64,
    pub inputs: Vec<Message>,
    pub outputs: Vec<Message>,
    pub nodes: Vec<Message>,
    pub weights: Vec<Message>,
    pub functions: Vec<Message>,
}

impl Model {
    /// One 3-channel input `x` of 4 × 4 px, one output `y`.
    pub fn new(nodes: &[Message], weights: &[Message]) -> Self {
        Self {
            opset: 17,
            inputs: vec![port("x", 1, &[0, 3, 4, 4])],
            outputs: vec![port("y", 1, &[0, 2])],
            nodes: nodes.to_vec(),
            weights: weights.to_vec(),
            functions: vec![],
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let graph = self.nodes.iter().fold(Message::default(), |m, n| m.message(1, n)).text(2, "g");
        let graph = self.weights.iter().fold(graph, |m, w| m.message(5, w));
        let graph = self.inputs.iter().fold(graph, |m, i| m.message(11, i));
        let graph = self.outputs.iter().fold(graph, |m, o| m.message(12, o));
        let opset = Message::default().text(1, "").int(2, self.opset);
        let model = Message::default().int(1, 8).text(2, "test").message(7, &graph).message(8, &opset);
        self.functions.iter().fold(model, |m, f| m.message(25, f)).0
    }
}

/// Global average, then two class scores `y` by a matrix `w` `[2, 3]`.
pub fn head(from: &str) -> Vec<Message> {
    vec![
        node("GlobalAveragePool", &[from], &["pooled"], &[]),
        node("Flatten", &["pooled"], &["flat"], &[]),
        node("Gemm", &["flat", "w"], &["y"], &[attribute("transB", 1)]),
    ]
}

pub fn head_weights() -> Message {
    floats("w", &[2, 3], &[1.0, -2.0, 0.5, 0.25, 3.0, -1.0])
}
