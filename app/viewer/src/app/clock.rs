//! The date for records, on every platform.

/// Now, ISO 8601 in UTC.
pub fn now() -> String {
    #[cfg(not(target_arch = "wasm32"))]
    return crate::cli::clock::now();
    #[cfg(target_arch = "wasm32")]
    return String::from(js_sys::Date::new_0().to_iso_string());
}
