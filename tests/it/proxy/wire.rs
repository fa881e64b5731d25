//! As much of HTTP/1.1 as the AWS clients and moto speak with each other.

use std::io::{self, BufRead, Write};

/// A request or an answer, without its first line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Message {
    /// Value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn set_header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    fn wants_close(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub message: Message,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub message: Message,
}

impl Answer {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let mut message = Message { headers: Vec::new(), body: body.into() };
        message.set_header("Content-Type", content_type);
        message.set_header("x-amzn-requestid", "00000000-proxy-0000-0000-000000000000");
        Answer { status, message }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.message.body).into_owned()
    }

    pub fn is_success(&self) -> bool {
        self.status < 300
    }

    /// Whether the other side will close after this.
    pub fn ends_connection(&self) -> bool {
        self.message.wants_close()
    }

    /// The whole answer as it goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let first = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        on_the_wire(first, &self.message)
    }
}

/// First line, headers and body; how long and how it is framed is said anew.
fn on_the_wire(mut head: String, message: &Message) -> Vec<u8> {
    let framing = ["host", "content-length", "transfer-encoding", "connection"];
    for (name, value) in &message.headers {
        if !framing.contains(&name.to_ascii_lowercase().as_str()) {
            head.extend([name, ": ", value, "\r\n"]);
        }
    }
    head.extend(["Content-Length: ", &message.body.len().to_string(), "\r\n\r\n"]);
    [head.as_bytes(), &message.body].concat()
}

fn reason(status: u16) -> &'static str {
    match status {
        200..=299 => "OK",
        300..=499 => "Refused",
        _ => "Failed",
    }
}

/// The next request of a connection; `None` when the client has hung up.
pub fn read_request(from: &mut impl BufRead) -> io::Result<Option<Request>> {
    let Some(first) = read_line(from)? else { return Ok(None) };
    let mut words = first.split_whitespace().map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no request line"));
    };
    // Asked as an HTTP proxy, the path is a whole address.
    let after_host =
        path.strip_prefix("http://").and_then(|rest| rest.find('/').map(|at| rest[at..].to_owned()));
    Ok(Some(Request { method, path: after_host.unwrap_or(path), message: read_message(from)? }))
}

pub fn read_answer(from: &mut impl BufRead) -> io::Result<Answer> {
    let first = read_line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = first.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no status line"))?;
    Ok(Answer { status, message: read_message(from)? })
}

pub fn write_request(to: &mut impl Write, request: &Request, host: &str) -> io::Result<()> {
    let first = format!("{} {} HTTP/1.1\r\nHost: {host}\r\n", request.method, request.path);
    to.write_all(&on_the_wire(first, &request.message))
}

fn read_line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim_end().to_owned()))
}

fn read_message(from: &mut impl BufRead) -> io::Result<Message> {
    let mut message = Message::default();
    while let Some(line) = read_line(from)?.filter(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(':') {
            message.headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    message.body = match message.header("content-length").and_then(|value| value.parse().ok()) {
        Some(length) => {
            let mut body = vec![0; length];
            from.read_exact(&mut body)?;
            body
        }
        None if message.header("transfer-encoding").is_some() => read_chunks(from)?,
        None if message.wants_close() => {
            let mut body = Vec::new();
            from.read_to_end(&mut body)?;
            body
        }
        None => Vec::new(),
    };
    Ok(message)
}

fn read_chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let size = usize::from_str_radix(line.split(';').next().unwrap_or(""), 16)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "no chunk size"))?;
        let mut chunk = vec![0; size];
        from.read_exact(&mut chunk)?;
        read_line(from)?;
        if size == 0 {
            return Ok(body);
        }
        body.extend(chunk);
    }
}

/// `a%20b+c` as text.
pub fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
                let hex = std::str::from_utf8(&digits).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
                out.push(hex.unwrap_or(b'?'));
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Text as a form value.
pub fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
