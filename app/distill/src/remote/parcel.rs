//! What crosses the border between a page and its Workers: a JSON head, and buffers that need not be copied.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A message: header and buffers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parcel {
    /// JSON.
    pub head: String,
    /// Pixels, files and numbers.
    pub parts: Vec<Vec<u8>>,
}

impl Parcel {
    /// A message.
    ///
    /// # Errors
    /// Only where JSON cannot hold a value.
    pub fn new(head: &impl Serialize, parts: Vec<Vec<u8>>) -> Result<Self, String> {
        let head = serde_json::to_string(head).map_err(|e| e.to_string())?;
        Ok(Self { head, parts })
    }

    /// The message's head and its buffers.
    ///
    /// # Errors
    /// A head that is another message's.
    pub fn open<T: DeserializeOwned>(self) -> Result<(T, Vec<Vec<u8>>), String> {
        let head = serde_json::from_str(&self.head).map_err(|e| format!("the message cannot be read: {e}"))?;
        Ok((head, self.parts))
    }
}
