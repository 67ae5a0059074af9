//! How texts are handed over: batches, unusual texts, wrong buffers, threads.

use std::thread;
use std::time::Duration;

use prollytree_plugin_api::{Call, Capabilities, ErrorKind};

use super::{EmbedderContext, TEXTS};
use crate::case::{Case, EmbedderCase, Failure, Verdict, ensure};
use crate::random::Random;
use crate::store::{CALL, expect_error};

pub(super) const CASES: &[EmbedderCase] = &[
    Case {
        id: "batches.equal-single-texts",
        promise: "A text has the same vector, bit for bit, alone and in a batch of any size.",
        why: "What is indexed must not depend on how the work was cut.",
        needs: Capabilities::empty(),
        run: batch_equals_single,
    },
    Case {
        id: "batches.order-does-not-matter",
        promise: "The vector of a text does not depend on the texts beside it, nor on their order.",
        why: "What is indexed must not depend on the order of writes.",
        needs: Capabilities::empty(),
        run: order_does_not_matter,
    },
    Case {
        id: "batches.empty",
        promise: "An empty batch succeeds.",
        why: "A commit may touch no text.",
        needs: Capabilities::empty(),
        run: empty_batch,
    },
    Case {
        id: "batches.overwrite-the-buffer",
        promise: "Every number of the caller's buffer is set, whatever was in it.",
        why: "Callers reuse their buffers.",
        needs: Capabilities::empty(),
        run: overwrite_the_buffer,
    },
    Case {
        id: "texts.empty",
        promise: "The empty text has a vector too, the same each time.",
        why: "An empty field is a value.",
        needs: Capabilities::empty(),
        run: empty_text,
    },
    Case {
        id: "texts.unicode",
        promise: "Any UTF-8 text is embedded: other scripts, combining marks, emoji, NUL.",
        why: "Users write what they like.",
        needs: Capabilities::empty(),
        run: unicode,
    },
    Case {
        id: "texts.long",
        promise: "Texts far beyond `max_input` are embedded, cut or whole, and the same each time.",
        why: "One long text must not stop the indexing of all others.",
        needs: Capabilities::empty(),
        run: long,
    },
    Case {
        id: "arguments.lengths-must-match",
        promise: "A buffer of any other length than texts times dimensions is an `INVALID_ARGUMENT`.",
        why: "Writing beyond the caller's buffer would be memory corruption.",
        needs: Capabilities::empty(),
        run: lengths_must_match,
    },
    Case {
        id: "threads.embed-at-once",
        promise: "Many threads may embed at once and get the vectors that one thread gets.",
        why: "Indexing uses all processors.",
        needs: Capabilities::empty(),
        run: embed_at_once,
    },
    Case {
        id: "instances.open-and-drop",
        promise: "The model can be loaded and dropped again and again, also twice at once.",
        why: "Each store that is opened loads its own.",
        needs: Capabilities::empty(),
        run: open_and_drop,
    },
    Case {
        id: "calls.past-the-deadline",
        promise: "A call whose deadline has passed does its work, or answers `TIMEOUT`.",
        why: "Running out of time must not look like a failure of the model.",
        needs: Capabilities::empty(),
        run: past_the_deadline,
    },
];

fn batch_equals_single(context: &EmbedderContext) -> Verdict {
    let model = context.open()?;
    let single: Vec<Vec<u32>> = TEXTS
        .iter()
        .map(|text| Ok(model.bits(&[text])?.concat()))
        .collect::<Verdict<_>>()?;
    for size in [2, 3, 8] {
        for (texts, single) in TEXTS.chunks(size).zip(single.chunks(size)) {
            let same = model.bits(texts)? == single;
            ensure!(
                same,
                format!("embed in batches of {size}"),
                "other vectors than one by one"
            );
        }
    }
    Ok(())
}

fn order_does_not_matter(context: &EmbedderContext) -> Verdict {
    let model = context.open()?;
    let expected = model.bits(&TEXTS)?;
    let mut random = Random::new(context.surroundings.seed);
    for _ in 0..5 {
        let mut order: Vec<usize> = (0..TEXTS.len()).chain([0, 3]).collect();
        random.shuffle(&mut order);
        let texts: Vec<&str> = order.iter().map(|index| TEXTS[*index]).collect();
        for (index, vector) in order.iter().zip(model.bits(&texts)?) {
            let did = "embed the same texts in another order";
            ensure!(
                vector == expected[*index],
                did,
                "another vector for {:?}",
                TEXTS[*index]
            );
        }
    }
    Ok(())
}

fn empty_batch(context: &EmbedderContext) -> Verdict {
    let vectors = context.open()?.embed(&[])?;
    ensure!(
        vectors.is_empty(),
        "embed no texts",
        "{} vectors",
        vectors.len()
    );
    Ok(())
}

fn overwrite_the_buffer(context: &EmbedderContext) -> Verdict {
    let model = context.open()?;
    let mut out = vec![0.0; model.info.dimensions];
    let mut other = vec![7.5; model.info.dimensions];
    for buffer in [&mut out, &mut other] {
        let call = model.embedder.embed_many(&CALL, &[TEXTS[0]], buffer);
        call.map_err(Failure::call("embed_many"))?;
    }
    ensure!(
        out == other,
        "embed into buffers of zeros and of 7.5",
        "different vectors"
    );
    Ok(())
}

fn empty_text(context: &EmbedderContext) -> Verdict {
    let model = context.open()?;
    let alone = model.bits(&[""])?;
    let beside = model.bits(&[TEXTS[0], "", TEXTS[1]])?;
    ensure!(
        alone[0] == beside[1],
        "embed the empty text alone and beside others",
        "two vectors"
    );
    Ok(())
}

fn unicode(context: &EmbedderContext) -> Verdict {
    let model = context.open()?;
    let texts = [
        "Ελληνικά",
        "日本語のテキスト",
        "עברית",
        "ไทย",
        "e\u{301}\u{301}\u{301}",
        "👩‍👩‍👧‍👦🏳️‍🌈",
        "a\0b",
        "\u{feff}bom",
        "\u{10ffff}",
        "\u{200d}\u{200d}",
        "ﬁ ligature",
    ];
    let first = model.bits(&texts)?;
    ensure!(
        first == model.bits(&texts)?,
        "embed many scripts twice",
        "other vectors"
    );
    Ok(())
}

fn long(context: &EmbedderContext) -> Verdict {
    let model = context.open()?;
    let size = model.info.max_input.unwrap_or(0).clamp(50_000, 1 << 20) * 4;
    // The cut falls inside of a character for some length of the beginning.
    let texts: Vec<String> = (0..4)
        .map(|shift| "x".repeat(shift) + &"wörd €uro ".repeat(size / 14))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let first = model.bits(&texts)?;
    ensure!(
        first == model.bits(&texts)?,
        format!("embed {size} bytes twice"),
        "other vectors"
    );
    Ok(())
}

fn lengths_must_match(context: &EmbedderContext) -> Verdict {
    let model = context.open()?;
    let dimensions = model.info.dimensions;
    let wrong = [
        (1, dimensions - 1),
        (1, dimensions + 1),
        (1, 0),
        (0, 1),
        (2, dimensions),
        (1, 2 * dimensions),
    ];
    for (count, room) in wrong {
        let mut out = vec![0.0; room];
        let result = model.embedder.embed_many(&CALL, &TEXTS[..count], &mut out);
        let did = format!("embed_many of {count} texts of {dimensions} dimensions into {room}");
        expect_error(&did, result, ErrorKind::INVALID_ARGUMENT)?;
    }
    Ok(())
}

fn embed_at_once(context: &EmbedderContext) -> Verdict {
    let model = context.open()?;
    let expected = model.bits(&TEXTS)?;
    let same: Verdict<Vec<bool>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..5)
                        .map(|_| Ok(model.bits(&TEXTS)? == expected))
                        .collect()
                })
            })
            .collect();
        let ends = threads.into_iter().map(|thread| {
            let end: Verdict<Vec<bool>> = thread
                .join()
                .unwrap_or_else(|_| Err(Failure::Setup("an embedding thread panicked".into())));
            Ok(end?.into_iter().all(|same| same))
        });
        ends.collect()
    });
    let same = same?.into_iter().all(|same| same);
    ensure!(
        same,
        "embed on four threads at once",
        "other vectors than on one thread"
    );
    Ok(())
}

fn open_and_drop(context: &EmbedderContext) -> Verdict {
    let first = context.open()?;
    let expected = first.bits(&TEXTS[..2])?;
    for _ in 0..5 {
        let again = context.open()?.bits(&TEXTS[..2])?;
        ensure!(again == expected, "load the model again", "other vectors");
    }
    let same = first.bits(&TEXTS[..2])? == expected;
    ensure!(
        same,
        "use the first instance after others are dropped",
        "other vectors"
    );
    Ok(())
}

fn past_the_deadline(context: &EmbedderContext) -> Verdict {
    let model = context.open()?;
    let mut out = vec![0.0; model.info.dimensions];
    let call = Call::UNLIMITED.with_timeout(Duration::ZERO);
    match model.embedder.embed_many(&call, &[TEXTS[0]], &mut out) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::TIMEOUT => Ok(()),
        Err(error) => Err(Failure::Call {
            did: "embed_many, with a deadline that has passed".into(),
            error,
        }),
    }
}
