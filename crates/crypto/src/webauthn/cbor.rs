//! Reading CBOR (RFC 8949), as much of it as authenticators write (Client to Authenticator
//! Protocol 2.2, §8: definite lengths, no tags).

/// How deep maps and lists may lie in each other. CTAP allows its messages four levels.
const DEEPEST: u32 = 8;

/// How many values there may be in one text, keys included. An attestation statement of a TPM has
/// some twenty.
const MOST_VALUES: u32 = 256;

/// Bytes that are no CBOR of the kind that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// A value, as far as anybody looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A whole number; CBOR's reach from -2^64 to 2^64 - 1.
    Integer(i128),
    Bytes(&'a [u8]),
    Text(&'a str),
    Map(Map<'a>),
    /// Well-formed, and nothing that is looked at: a list, a truth value, a number with a point.
    Other,
}

/// A map, no key of which is there twice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Map<'a>(Vec<(Key<'a>, Value<'a>)>);

/// The key of a member. Keys of other kinds are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key<'a> {
    Integer(i128),
    Text(&'a str),
}

impl<'a> Map<'a> {
    pub(super) fn get(&self, key: Key<'_>) -> Option<&Value<'a>> {
        let found = self.0.iter().find(|(known, _)| *known == key);
        found.map(|(_, value)| value)
    }

    pub(super) fn integer(&self, key: Key<'_>) -> Option<i128> {
        match self.get(key) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn bytes(&self, key: Key<'_>) -> Option<&'a [u8]> {
        match self.get(key) {
            Some(Value::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn has_text(&self, key: Key<'_>) -> bool {
        matches!(self.get(key), Some(Value::Text(_)))
    }

    pub(super) fn has_map(&self, key: Key<'_>) -> bool {
        matches!(self.get(key), Some(Value::Map(_)))
    }
}

/// Reads values one after the other.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    values_left: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            values_left: MOST_VALUES,
        }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next value, which must be a map.
    pub(super) fn map(&mut self) -> Result<Map<'a>, Malformed> {
        match self.value(0)? {
            Value::Map(map) => Ok(map),
            _ => Err(Malformed),
        }
    }

    fn value(&mut self, depth: u32) -> Result<Value<'a>, Malformed> {
        self.values_left = self.values_left.checked_sub(1).ok_or(Malformed)?;
        let [head] = self.array()?;
        let (kind, info) = (head >> 5, head & 0x1f);
        if kind == 7 {
            return self.simple(info);
        }
        let argument = self.argument(info)?;
        match kind {
            0 => Ok(Value::Integer(argument.into())),
            1 => Ok(Value::Integer(-1 - i128::from(argument))),
            2 => self.take(argument).map(Value::Bytes),
            3 => self.text(argument).map(Value::Text),
            4 if depth < DEEPEST => self.list(argument, depth),
            5 if depth < DEEPEST => self.members(argument, depth).map(Value::Map),
            // Too deep, or a tag.
            _ => Err(Malformed),
        }
    }

    /// False, true, null, undefined, and numbers with a point.
    fn simple(&mut self, info: u8) -> Result<Value<'a>, Malformed> {
        let length = match info {
            20..=23 => 0,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return Err(Malformed),
        };
        self.take(length).map(|_| Value::Other)
    }

    fn argument(&mut self, info: u8) -> Result<u64, Malformed> {
        match info {
            0..=23 => Ok(info.into()),
            24 => self.array().map(|[byte]| byte.into()),
            25 => self.array().map(|bytes| u16::from_be_bytes(bytes).into()),
            26 => self.array().map(|bytes| u32::from_be_bytes(bytes).into()),
            27 => self.array().map(u64::from_be_bytes),
            // Of indefinite length, or reserved.
            _ => Err(Malformed),
        }
    }

    fn text(&mut self, length: u64) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.take(length)?).map_err(|_| Malformed)
    }

    fn list(&mut self, length: u64, depth: u32) -> Result<Value<'a>, Malformed> {
        for _ in 0..length {
            self.value(depth + 1)?;
        }
        Ok(Value::Other)
    }

    fn members(&mut self, length: u64, depth: u32) -> Result<Map<'a>, Malformed> {
        let mut map = Map::default();
        for _ in 0..length {
            let key = match self.value(depth + 1)? {
                Value::Integer(number) => Key::Integer(number),
                Value::Text(text) => Key::Text(text),
                _ => return Err(Malformed),
            };
            if map.get(key).is_some() {
                return Err(Malformed);
            }
            map.0.push((key, self.value(depth + 1)?));
        }
        Ok(map)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*taken)
    }
}

/// The map that some bytes are, with nothing behind it.
pub(super) fn whole_map(bytes: &[u8]) -> Result<Map<'_>, Malformed> {
    let mut reader = Reader::new(bytes);
    let map = reader.map()?;
    if reader.rest().is_empty() {
        Ok(map)
    } else {
        Err(Malformed)
    }
}
