//! Layers and classes that cannot be explained are named.
#![allow(clippy::unwrap_used)]

use fovea_student::graph::{GraphBuilder, LOGITS, Op, Reduction, Unary};
use fovea_student::{Explain, ExplainError, Graph, GraphError, Method, Request, explain};

/// image → features → pooled → scores → after (a map made of the scores), and a map beside the path.
fn network() -> Graph {
    let mut b = GraphBuilder::new("image", &[4, 2, 2]);
    let x = b.input();
    let features = b.node(Op::Unary(Unary::Relu), &[x], "features", "features").unwrap();
    b.node(Op::Unary(Unary::Tanh), &[features], "beside", "beside").unwrap();
    let pool = Op::Reduce { kind: Reduction::Mean, axes: vec![1, 2], keep: false };
    let scores = b.node(pool, &[features], "pooled", "scores").unwrap();
    b.node(Op::Reshape { shape: vec![1, 2, 2] }, &[scores], "after", "after").unwrap();
    b.output(LOGITS, scores);
    b.finish()
}

fn refused(layer: &str, method: Method) -> ExplainError {
    explain(&network(), &Explain::one(layer, method)).unwrap_err()
}

#[test]
fn layers_that_do_not_lead_to_the_scores_are_refused() {
    for method in Method::ALL {
        for layer in ["after", "beside"] {
            let error = refused(layer, method);
            assert_eq!(error, ExplainError::NotUpstream(layer.into()), "{method:?}");
            assert!(error.to_string().contains(&format!("'{layer}'")), "{error}");
        }
        assert!(matches!(refused("scores", method), ExplainError::NotSpatial { layer, .. } if layer == "scores"));
        for layer in ["nowhere", "-1", ""] {
            assert_eq!(refused(layer, method), ExplainError::Graph(GraphError::NoValue(layer.into())));
        }
        assert!(explain(&network(), &Explain::one("features", method)).is_ok());
    }
}

#[test]
fn one_bad_layer_among_several_is_named() {
    let request = |layer: &str| Request { layer: layer.into(), method: Method::GradCam, relu: false };
    let spec = Explain { requests: vec![request("features"), request("after")], ..Explain::one("", Method::GradCam) };
    assert_eq!(explain(&network(), &spec).unwrap_err(), ExplainError::NotUpstream("after".into()));
}

#[test]
fn classes_past_the_last_and_second_explanations_are_refused() {
    let spec = Explain { classes: Some(vec![1, 4]), ..Explain::one("features", Method::GradCam) };
    assert_eq!(explain(&network(), &spec).unwrap_err(), ExplainError::NoClass { class: 4, count: 4 });
    let none = Explain { classes: Some(vec![]), ..Explain::one("features", Method::GradCam) };
    assert!(matches!(explain(&network(), &none), Err(ExplainError::NoClass { .. })));
    let once = explain(&network(), &Explain::one("features", Method::GradCam)).unwrap();
    assert_eq!(explain(&once, &Explain::one("features", Method::GradCam)).unwrap_err(), ExplainError::Twice);
}
