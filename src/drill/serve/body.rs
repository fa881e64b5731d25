//! The body of an answer: whole, or breaking off in the middle.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame, SizeHint};

use super::BrokenOff;

/// What is still to come.
enum Part {
    Bytes(Bytes),
    /// Lets what came before reach the socket: hyper forgets what it has not written when a body fails.
    Flush,
    BreakOff,
}

/// A body in a few parts.
pub(super) struct Body(VecDeque<Part>);

impl Body {
    pub fn whole(bytes: Vec<u8>) -> Body {
        Body(VecDeque::from([Part::Bytes(bytes.into())]))
    }

    pub fn half(mut bytes: Vec<u8>) -> Body {
        bytes.truncate(bytes.len() / 2);
        Body(VecDeque::from([Part::Bytes(bytes.into()), Part::Flush, Part::BreakOff]))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.0.pop_front() {
            Some(Part::Bytes(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(Part::Flush) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Part::BreakOff) => Poll::Ready(Some(Err(BrokenOff))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self.0.front() {
            Some(Part::Bytes(bytes)) if self.0.len() == 1 => SizeHint::with_exact(bytes.len() as u64),
            None => SizeHint::with_exact(0),
            _ => SizeHint::default(),
        }
    }
}
