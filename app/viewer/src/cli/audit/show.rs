//! Reports as text.

use super::AuditReport;
use super::compare::{Comparison, Judged};
use crate::cli::print;

/// Prefixes of quantities that share one line.
const GROUPS: [&str; 3] = ["step0.grad.", "adam.", "update."];

/// Prints a report: one line per quantity, but one for all gradients and updates together where they pass.
pub fn show(report: &AuditReport) -> anyhow::Result<()> {
    print(&report.case)?;
    if let Some(error) = &report.error {
        eprintln!("{error}");
        return print("  FAIL");
    }
    let group = |q: &&Comparison| GROUPS.iter().any(|g| q.name.starts_with(g));
    report.quantities.iter().filter(|q| !group(q) || !q.ok).try_for_each(|q| print(&line(q)))?;
    for prefix in GROUPS {
        let own: Vec<&Comparison> = report.quantities.iter().filter(|q| q.name.starts_with(prefix)).collect();
        if !own.is_empty() {
            print(&summary(prefix, &own))?;
        }
    }
    report.notes.iter().try_for_each(|note| print(&format!("  note: {note}")))?;
    report.not_computed.iter().try_for_each(|name| print(&format!("  {name:<26} not computed by this version")))
}

fn line(q: &Comparison) -> String {
    let verdict = if q.ok { "ok" } else { "FAIL" };
    match (q.max_abs, q.relative, &q.error) {
        (Some(max), Some(relative), None) => {
            let own = q.sensitivity.map(|s| format!("  own change {s:.1e}")).unwrap_or_default();
            format!("  {:<26} max abs {max:.3e}  relative {relative:.3e}{own}  {verdict}", q.name)
        }
        (.., error) => format!("  {:<26} {}  {verdict}", q.name, error.as_deref().unwrap_or("not finite")),
    }
}

/// The worst of a group, by the number its tolerance is for.
fn summary(prefix: &str, own: &[&Comparison]) -> String {
    let off = |q: &Comparison| match q.judged {
        Judged::Relative => q.relative.unwrap_or(f64::INFINITY),
        Judged::MaxAbs => q.max_abs.unwrap_or(f64::INFINITY),
    };
    let fine = own.iter().filter(|q| q.ok).count();
    let verdict = if fine == own.len() { "ok" } else { "FAIL" };
    let worst = own.iter().max_by(|a, b| off(a).total_cmp(&off(b)));
    let (what, name, value, tolerance) = worst.map_or(("", "", 0.0, 0.0), |q| {
        let what = if q.judged == Judged::Relative { "relative" } else { "max abs" };
        (what, q.name.strip_prefix(prefix).unwrap_or(&q.name), off(q), q.tolerance)
    });
    let title = format!("{prefix}*");
    format!("  {title:<26} {fine} of {} within {tolerance:.0e}, worst {what} {value:.3e} ({name})  {verdict}", own.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(name: &str, relative: f64) -> Comparison {
        Comparison {
            name: name.into(),
            shape: vec![1],
            max_abs: Some(relative * 2.0),
            relative: Some(relative),
            tolerance: 1e-3,
            judged: Judged::Relative,
            sensitivity: None,
            ok: relative <= 1e-3,
            error: None,
        }
    }

    #[test]
    fn a_group_is_as_good_as_its_worst() {
        let (a, b) = (quantity("adam.a", 1e-4), quantity("adam.b", 2e-3));
        assert_eq!(summary("adam.", &[&a]), "  adam.*                     1 of 1 within 1e-3, worst relative 1.000e-4 (a)  ok");
        let both = summary("adam.", &[&a, &b]);
        assert!(both.contains("1 of 2") && both.contains("(b)") && both.ends_with("FAIL"), "{both}");
        let broken = Comparison { relative: None, ok: false, error: Some("not computed".into()), ..a.clone() };
        assert!(summary("adam.", &[&a, &broken]).contains("inf"));
        assert!(line(&broken).ends_with("not computed  FAIL"));
    }
}
