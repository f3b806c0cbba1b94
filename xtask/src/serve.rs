//! A server of static files for one person on one machine: 127.0.0.1 only, nothing cached, nothing outside its folder.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow};
use tiny_http::{Header, Method, Request, Response, Server};

/// The page's policy, also sent as a header because a worker takes its policy from its own response, not from the page.
/// `connect-src 'self'` is the promise that files never leave the device.
pub const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self' blob:; \
img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; manifest-src 'self'; base-uri 'none'; form-action 'none'";

const THREADS: usize = 4;

/// A running server; it stops when dropped.
pub struct Page {
    server: Arc<Server>,
    address: SocketAddr,
    threads: Vec<JoinHandle<()>>,
}

impl Page {
    /// Address of the first page, with a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Serves until the program is stopped.
    pub fn wait(mut self) {
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // `unblock` wakes one waiting thread at a time.
        for _ in &self.threads {
            self.server.unblock();
        }
    }
}

/// Serves the files of `folder` on 127.0.0.1; port 0 lets the system choose.
///
/// # Errors
/// When the folder is not there or the port is taken.
pub fn start(folder: &Path, port: u16) -> Result<Page> {
    let folder =
        folder.canonicalize().with_context(|| format!("nothing to serve, run `cargo xtask web` first: {}", folder.display()))?;
    let server = Server::http((Ipv4Addr::LOCALHOST, port)).map_err(|error| anyhow!("cannot listen on port {port}: {error}"))?;
    let address = server.server_addr().to_ip().context("server has no address")?;
    let server = Arc::new(server);
    let threads = (0..THREADS)
        .map(|_| {
            let (server, folder) = (Arc::clone(&server), folder.clone());
            std::thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    // A browser that hangs up is its own business.
                    let _ = answer(request, &folder);
                }
            })
        })
        .collect();
    Ok(Page { server, address, threads })
}

fn answer(request: Request, folder: &Path) -> Result<()> {
    if !matches!(request.method(), Method::Get | Method::Head) {
        return Ok(
            request.respond(with_headers(Response::from_string("only GET and HEAD\n").with_status_code(405), "text/plain")?)?
        );
    }
    match find(folder, request.url()) {
        Some(path) => {
            let kind = media_type(&path);
            let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
            // Above the threshold tiny_http would chunk, and the page could not show how much of the module has arrived.
            let response = Response::from_file(file).with_chunked_threshold(usize::MAX);
            Ok(request.respond(with_headers(response, kind)?)?)
        }
        None => Ok(request.respond(with_headers(Response::from_string("not found\n").with_status_code(404), "text/plain")?)?),
    }
}

fn with_headers<R: std::io::Read>(mut response: Response<R>, kind: &str) -> Result<Response<R>> {
    let fields = [
        ("Content-Type", kind),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        // Together these isolate the page, which shared memory and precise timers need.
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Embedder-Policy", "require-corp"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Referrer-Policy", "no-referrer"),
        ("Content-Security-Policy", POLICY),
    ];
    for (name, value) in fields {
        response.add_header(Header::from_bytes(name, value).map_err(|()| anyhow!("bad header {name}"))?);
    }
    Ok(response)
}

/// The file that a request's path names, if it lies inside `folder` (canonical).
fn find(folder: &Path, url: &str) -> Option<PathBuf> {
    let path = decode(url.split(['?', '#']).next()?)?;
    // A backslash or a colon means something else on Windows; neither occurs in our names.
    if path.contains(['\\', ':', '\0']) {
        return None;
    }
    let relative = Path::new(path.trim_start_matches('/'));
    if !relative.components().all(|part| matches!(part, Component::Normal(name) if !name.to_string_lossy().starts_with('.'))) {
        return None;
    }
    let mut found = folder.join(relative);
    if found.is_dir() {
        found.push("index.html");
    }
    let found = found.canonicalize().ok()?;
    (found.is_file() && found.starts_with(folder)).then_some(found)
}

/// Percent-decoding; nothing for a broken escape or bytes that are not UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(decoded).ok()
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        // Anything else and browsers refuse to compile while loading.
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" | "ts" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let dist = folder.path().join("dist");
        std::fs::create_dir(&dist).unwrap();
        std::fs::write(dist.join("index.html"), "first page").unwrap();
        std::fs::write(dist.join("a b.wasm"), "module").unwrap();
        std::fs::write(dist.join(".secret"), "secret").unwrap();
        std::fs::write(folder.path().join("outside.txt"), "outside").unwrap();
        folder
    }

    fn ask(page: &Page, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(page.address).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn files_come_with_their_type_and_isolation() {
        let folder = folder();
        let page = start(&folder.path().join("dist"), 0).unwrap();
        assert!(page.address.ip().is_loopback());
        let first = ask(&page, "GET", "/?x=1");
        assert!(first.starts_with("HTTP/1.1 200") && first.ends_with("first page"), "{first}");
        for header in
            ["Cross-Origin-Opener-Policy: same-origin", "Cross-Origin-Embedder-Policy: require-corp", "Cache-Control: no-store"]
        {
            assert!(first.contains(header), "{header} missing: {first}");
        }
        let module = ask(&page, "GET", "/a%20b.wasm");
        assert!(module.contains("Content-Type: application/wasm") && module.contains("Content-Length: 6"), "{module}");
    }

    #[test]
    fn nothing_outside_the_folder_is_served() {
        let folder = folder();
        let page = start(&folder.path().join("dist"), 0).unwrap();
        let attempts = [
            "/../outside.txt",
            "/%2e%2e/outside.txt",
            "/..%2foutside.txt",
            "/..%5coutside.txt",
            "/.secret",
            "//etc/passwd",
            "/%zz",
            "/%00",
            "/none",
        ];
        for path in attempts {
            let answer = ask(&page, "GET", path);
            assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        }
        assert!(ask(&page, "POST", "/").starts_with("HTTP/1.1 405"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_outside_is_refused() {
        let folder = folder();
        std::os::unix::fs::symlink(folder.path().join("outside.txt"), folder.path().join("dist/link.txt")).unwrap();
        let page = start(&folder.path().join("dist"), 0).unwrap();
        assert!(ask(&page, "GET", "/link.txt").starts_with("HTTP/1.1 404"));
    }

    #[test]
    fn every_page_carries_the_policy() {
        for name in ["index.html", "api.html"] {
            let text = std::fs::read_to_string(crate::root().join("web").join(name)).unwrap();
            assert!(text.contains(&format!("content=\"{POLICY}\"")), "policy of {name} differs from the server's");
        }
    }
}
