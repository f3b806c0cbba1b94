//! What the module does to the page around it: downloads, and the last words of a panic.

use super::object::{Fields, message_of};
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use std::sync::Once;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    // Both the page and a Worker have it.
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(handler: &Function, ms: i32) -> JsValue;

    type CustomEvent;
    #[wasm_bindgen(constructor)]
    fn new(kind: &str, details: &Object) -> CustomEvent;
    #[wasm_bindgen(js_name = dispatchEvent)]
    fn dispatch_event(event: &CustomEvent) -> bool;
}

/// Lets the browser draw a frame and deliver messages before going on.
pub async fn breathe() {
    after(0).await;
}

async fn after(ms: i32) {
    let promise = Promise::new(&mut |resolve, _| {
        set_timeout(&resolve, ms);
    });
    // This promise is never rejected.
    let _ = JsFuture::from(promise).await;
}

/// Tells the page that the graphics device is gone: nothing can be drawn in its canvas any more.
pub fn device_lost(reason: &str) {
    let details = Fields::default().with("detail", reason).done();
    dispatch_event(&CustomEvent::new("fovea-device-lost", &details));
}

/// Hands the user a file, as a click on a link would.
///
/// # Errors
/// What the browser says when it refuses.
pub fn download(name: &str, bytes: &[u8]) -> Result<(), String> {
    try_download(name, bytes).map_err(|e| message_of(&e))
}

fn try_download(name: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let parts = Array::of1(&Uint8Array::from(bytes).into());
    let blob = web_sys::Blob::new_with_u8_array_sequence(&parts)?;
    let url = web_sys::Url::create_object_url_with_blob(&blob)?;
    let document = web_sys::window().and_then(|w| w.document()).ok_or("no page")?;
    let anchor: web_sys::HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    // The browser reads the blob after this call returns; a minute is more than it takes to begin.
    wasm_bindgen_futures::spawn_local(async move {
        after(60_000).await;
        let _ = web_sys::Url::revoke_object_url(&url);
    });
    Ok(())
}

fn set_global(key: &str, value: &str) {
    // Only a page that froze its global object refuses; then nobody reads it either.
    let _ = Reflect::set(&js_sys::global(), &key.into(), &value.into());
}

/// Panics go to the console and to `globalThis.fovea_panic`, from where the page shows them; in a Worker they are also posted.
pub fn catch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            console_error_panic_hook::hook(info);
            let message = info.to_string();
            set_global("fovea_panic", &message);
            if let Ok(scope) = js_sys::global().dyn_into::<web_sys::DedicatedWorkerGlobalScope>() {
                let _ = scope.post_message(&Fields::default().with("panic", message).done());
            }
        }));
    });
}
