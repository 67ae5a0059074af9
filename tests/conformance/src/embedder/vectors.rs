//! What a model says about itself, and the vectors that it makes.

use super::{EmbedderContext, TEXTS};
use crate::case::{Case, EmbedderCase, Failure, Verdict, ensure, ensure_same};
use prollytree_plugin_api::Capabilities;

pub(super) const CASES: &[EmbedderCase] = &[
    Case {
        id: "identity.is-complete",
        promise: "`info` gives an id, a version and at least one dimension.",
        why: "They are stored with an index, which is never searched with another model.",
        needs: Capabilities::empty(),
        run: identity_is_complete,
    },
    Case {
        id: "identity.is-constant",
        promise: "`info` is the same in every instance, before and after work.",
        why: "A changing identity would refuse an index that is good.",
        needs: Capabilities::empty(),
        run: identity_is_constant,
    },
    Case {
        id: "vectors.are-finite",
        promise: "Every number of a vector is finite.",
        why: "One NaN spoils every distance that it takes part in.",
        needs: Capabilities::empty(),
        run: finite,
    },
    Case {
        id: "vectors.repeat",
        promise: "The same text has the same vector, bit for bit, each time and in each instance.",
        why: "Equal content must have an equal index hash.",
        needs: Capabilities::empty(),
        run: repeat,
    },
    Case {
        id: "vectors.tell-texts-apart",
        promise: "Different texts have, as a rule, different vectors.",
        why: "An embedder that answers the same to everything finds nothing.",
        needs: Capabilities::empty(),
        run: tell_texts_apart,
    },
    Case {
        id: "vectors.normalized",
        promise: "With `normalized` every vector has the length 1; without it some have not.",
        why: "The index takes the dot product for the cosine.",
        needs: Capabilities::empty(),
        run: normalized,
    },
];

fn identity_is_complete(context: &EmbedderContext) -> Verdict {
    let info = context.open()?.info;
    ensure!(
        !info.id.is_empty() && !info.version.is_empty(),
        "info",
        "no id or version: {info:?}"
    );
    ensure!(info.dimensions > 0, "info", "no dimensions");
    ensure!(
        info.max_input != Some(0),
        "info",
        "a longest input of 0 bytes"
    );
    Ok(())
}

fn identity_is_constant(context: &EmbedderContext) -> Verdict {
    let (one, two) = (context.open()?, context.open()?);
    one.embed(&TEXTS)?;
    ensure_same("info after some work", &one.info, &one.embedder.info())?;
    ensure_same("info of another instance", &one.info, &two.info)
}

fn finite(context: &EmbedderContext) -> Verdict {
    let model = context.open()?;
    let mut texts = TEXTS.to_vec();
    texts.extend(["", " ", "\0", "?!"]);
    for (text, vector) in texts.iter().zip(model.embed(&texts)?) {
        let wrong = vector.iter().position(|number| !number.is_finite());
        ensure!(
            wrong.is_none(),
            format!("embed {text:?}"),
            "number {wrong:?} is not finite"
        );
    }
    Ok(())
}

fn repeat(context: &EmbedderContext) -> Verdict {
    let (one, two) = (context.open()?, context.open()?);
    let first = one.bits(&TEXTS)?;
    let same = first == one.bits(&TEXTS)?;
    ensure!(
        same,
        "embed the same texts twice",
        "other vectors the second time"
    );
    let same = first == two.bits(&TEXTS)?;
    ensure!(
        same,
        "embed the same texts in two instances",
        "other vectors in the second one"
    );
    Ok(())
}

fn tell_texts_apart(context: &EmbedderContext) -> Verdict {
    let vectors = context
        .open()?
        .bits(&[TEXTS[0], TEXTS[1], TEXTS[3], TEXTS[7]])?;
    let alike = vectors.windows(2).all(|pair| pair[0] == pair[1]);
    ensure!(
        !alike,
        "embed four different sentences",
        "one vector for all of them"
    );
    Ok(())
}

fn normalized(context: &EmbedderContext) -> Verdict {
    let model = context.open()?;
    let mut texts = TEXTS.to_vec();
    texts.push("");
    let length = |vector: &Vec<f32>| {
        vector
            .iter()
            .map(|number| f64::from(*number).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let lengths: Vec<f64> = model.embed(&texts)?.iter().map(length).collect();
    let other = lengths
        .iter()
        .zip(texts)
        .find(|(length, _)| (**length - 1.0).abs() > 1e-4);
    match (model.info.normalized, other) {
        (true, None) | (false, Some(_)) => Ok(()),
        (true, Some((length, text))) => {
            let did = format!("embed {text:?} with a model that declares `normalized`");
            Err(Failure::broken(
                did,
                format!("a vector of the length {length}"),
            ))
        }
        (false, None) => Err(Failure::broken(
            "embed texts with a model that does not declare `normalized`",
            "only vectors of the length 1: then it should be declared",
        )),
    }
}
