//! A run that is driven from elsewhere: a window's thread, or a browser page's Worker. [`Order`]s go in, [`Word`]s come out; both
//! travel as [`Parcel`]s where they have to leave the module. What both sides drive is the `Driver`.

#[cfg(feature = "train")]
mod driver;
mod order;
mod parcel;
#[cfg(feature = "train")]
mod start;
mod word;

#[cfg(feature = "train")]
pub use driver::{Driver, Run};
pub use order::{Order, Start, StartTeacher};
pub use parcel::Parcel;
#[cfg(feature = "train")]
pub use start::{MemoryRun, StartError};
pub use word::{Ready, Word};
