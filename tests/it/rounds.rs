//! A whole round of readings at one moment, for harnesses that answer without waiting.

use ripcord::ids::At;
use ripcord::run::Look;
use ripcord::watch::{Frame, Question, Reading};

/// Asks everything a look asks, chained reads after those they wait for.
pub fn round(look: &Look, now: At, mut read: impl FnMut(&Question) -> Reading) -> Frame {
    let mut frame = Frame::empty(now);
    loop {
        let open = look.open(&frame);
        if open.is_empty() {
            break;
        }
        for (name, asked) in open {
            let reading = match asked {
                Ok(questions) => {
                    let answers: Vec<Reading> = questions.iter().map(&mut read).collect();
                    look.settle(&name, &answers, &frame)
                }
                Err(why) => Reading { asked: now, at: now, answer: Err(why) },
            };
            frame.readings.insert(name, reading);
        }
    }
    look.close(&mut frame);
    frame
}
