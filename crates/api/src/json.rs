//! AWS JSON 1.1: it reads a request's body into an operation's input, and writes an output or an
//! error into an answer's body.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::operation::Operation;
use crate::shape::Shape;
use crate::validate;

/// Reads a request's body and checks it against the shape of the operation's input. An absent body
/// is an empty object.
///
/// Fails with a SerializationException when it is not JSON or has a member of a wrong type, and
/// with an InvalidParameterException that names every violated constraint.
pub fn parse_input(input: &Shape, body: &[u8]) -> Result<Value, Error> {
    let mut value = if body.is_empty() {
        Value::Object(Map::new())
    } else {
        // serde_json stops at 128 levels of nesting, which bounds the depth for all later code.
        serde_json::from_slice(body).map_err(|error| Error::malformed_json().with_source(error))?
    };
    validate::check(input, &mut value)?;
    Ok(value)
}

/// The typed form of an input that [`parse_input`] gave.
pub fn decode<O: Operation>(value: Value) -> Result<O::Input, Error> {
    serde_json::from_value(value).map_err(|error| Error::malformed_json().with_source(error))
}

/// An output as a body; empty for an operation without output, as at AWS.
pub fn render_output(output: &impl Serialize) -> Result<Vec<u8>, Error> {
    let body = serde_json::to_vec(output)?;
    Ok(if body == b"null" { Vec::new() } else { body })
}

/// An error as a body, without its cause.
#[must_use]
pub fn render_error(error: &Error) -> Vec<u8> {
    let mut body = json!({"__type": error.code.name(), "message": error.message});
    if let Some(reason_code) = error.reason_code {
        body["reasonCode"] = reason_code.into();
    }
    body.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use crate::error::ErrorCode;
    use crate::idp::{AdminGetUserResponse, UserStatusType, op};

    use super::*;

    fn parse<O: Operation>(body: &str) -> Result<O::Input, Error> {
        decode::<O>(parse_input(O::INPUT, body.as_bytes())?)
    }

    #[test]
    fn a_request_is_read_into_its_typed_form() {
        let input = parse::<op::SignUp>(
            r#"{"ClientId":"abc","Username":"ana","Password":"Secret-1","ValidationData":null,
                "UserAttributes":[{"Name":"email","Value":"ana@example.com"}],"NewMember":7}"#,
        )
        .ok()
        .unwrap();
        assert_eq!(input.username, "ana");
        assert!(input.validation_data.is_none());
        assert_eq!(input.user_attributes.unwrap().len(), 1);
    }

    #[test]
    fn what_is_not_a_json_object_cannot_be_read() {
        for body in [
            "{",
            "nul",
            "[]",
            "7",
            "\"x\"",
            "null",
            "{\"a\":1}x",
            "\u{feff}{}",
        ] {
            let error = parse::<op::SignUp>(body).err().unwrap();
            assert_eq!(error.code, ErrorCode::Serialization, "{body}");
        }
        let deep = format!("{{\"ClientMetadata\":{}", "[".repeat(200_000));
        let error = parse::<op::SignUp>(&deep).err().unwrap();
        assert_eq!(error.code, ErrorCode::Serialization);
        let error = parse_input(op::SignUp::INPUT, b"{\"Username\":\"\xff\"}")
            .err()
            .unwrap();
        assert_eq!(error.code, ErrorCode::Serialization);
    }

    #[test]
    fn no_body_is_an_empty_object() {
        assert_eq!(
            parse_input(op::GetCSVHeader::INPUT, b"").unwrap_err().code,
            ErrorCode::InvalidParameter
        );
    }

    #[test]
    fn an_output_leaves_out_what_is_absent_and_nothing_is_an_empty_body() {
        let output = AdminGetUserResponse {
            username: "ana".into(),
            user_status: Some(UserStatusType::Confirmed),
            ..Default::default()
        };
        assert_eq!(
            String::from_utf8(render_output(&output).unwrap()).unwrap(),
            r#"{"Username":"ana","UserStatus":"CONFIRMED"}"#
        );
        assert_eq!(render_output(&()).unwrap(), b"");
    }

    #[test]
    fn an_error_is_told_without_its_cause() {
        let error = Error::invalid_parameter("No.")
            .with_reason_code("InvalidThing")
            .with_source(std::io::Error::other("secret"));
        let body: Value = serde_json::from_slice(&render_error(&error)).unwrap();
        assert_eq!(
            body,
            json!({"__type": "InvalidParameterException", "message": "No.", "reasonCode": "InvalidThing"})
        );
    }
}
