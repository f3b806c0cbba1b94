//! What a browser tells of its adapter beyond wgpu: most leave the description empty, but name vendor and architecture.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Name of the adapter that WebGPU offers, such as "nvidia ampere"; `None` without WebGPU or where it keeps that to itself.
pub async fn adapter_name() -> Option<String> {
    let gpu = get(&get(&js_sys::global(), "navigator")?, "gpu")?;
    let request: Function = get(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let options = Object::new();
    Reflect::set(&options, &"powerPreference".into(), &"high-performance".into()).ok()?;
    let promise: Promise = request.call1(&gpu, &options).ok()?.dyn_into().ok()?;
    let adapter = JsFuture::from(promise).await.ok()?;
    let info = get(&adapter, "info")?;
    let text = |key: &str| get(&info, key)?.as_string().filter(|s| !s.is_empty());
    let parts: Vec<String> = ["vendor", "architecture"].into_iter().filter_map(text).collect();
    text("description").or_else(|| Some(parts.join(" ")).filter(|s| !s.is_empty()))
}

fn get(object: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(object, &key.into()).ok().filter(|v| !v.is_undefined() && !v.is_null())
}
