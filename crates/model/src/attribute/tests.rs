#![allow(clippy::unwrap_used)]
use cognate_crypto::random::Random;

use super::*;

fn custom(name: &str, data_type: DataType) -> SchemaAttribute {
    SchemaAttribute {
        name: name.to_owned(),
        data_type,
        developer_only: false,
        mutable: true,
        required: false,
        min_length: None,
        max_length: None,
        min_value: None,
        max_value: None,
    }
}

#[test]
fn a_custom_attribute_gets_its_prefix_and_its_limits() {
    let mut level = custom("level", DataType::Number);
    level.max_value = Some("10".into());
    let schema = Schema::with_changes(vec![level]).unwrap();
    assert_eq!(schema.check_values([("custom:level", "10")]), Ok(()));
    assert!(schema.check_values([("custom:level", "11")]).is_err());
    assert!(schema.check_values([("custom:level", "ten")]).is_err());
    assert!(schema.check_values([("level", "1")]).is_err());
}

#[test]
fn nobody_writes_the_sub() {
    assert_eq!(
        Schema::default().check_values([("sub", "x")]),
        Err(AttributeError::Unknown(vec!["sub".into()]))
    );
}

#[test]
fn a_required_custom_attribute_is_refused() {
    let mut attribute = custom("a", DataType::String);
    attribute.required = true;
    assert!(matches!(
        Schema::with_changes(vec![attribute]),
        Err(AttributeError::Schema(_))
    ));
}

#[test]
fn every_absent_required_attribute_is_named() {
    let mut email = custom("email", DataType::String);
    email.required = true;
    let mut name = custom("name", DataType::String);
    name.required = true;
    let schema = Schema::with_changes(vec![email, name]).unwrap();
    let error = schema
        .check_required(&Attributes::new())
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "Attributes did not conform to the schema: name: The attribute name is required\nemail: The attribute email is required"
    );
}

#[test]
fn a_nul_byte_in_a_value_is_refused() {
    assert!(Schema::default().check_values([("name", "a\0b")]).is_err());
}

#[test]
fn limits_that_cannot_be_are_refused_in_awss_words() {
    let refused = |attribute: SchemaAttribute| {
        Schema::with_changes(vec![attribute])
            .unwrap_err()
            .to_string()
    };
    let text = |min: &str, max: &str| {
        let mut attribute = custom("a", DataType::String);
        (attribute.min_length, attribute.max_length) = (Some(min.into()), Some(max.into()));
        attribute
    };
    let number = |min: &str, max: &str| {
        let mut attribute = custom("a", DataType::Number);
        (attribute.min_value, attribute.max_value) = (Some(min.into()), Some(max.into()));
        attribute
    };
    let too_long = "user.custom:a: String attributes cannot have a length of more than 2048";
    for (attribute, sentence) in [
        (
            text("9", "3"),
            "user.custom:a: Max length cannot be less than min length.",
        ),
        (
            number("9", "3"),
            "user.custom:a: Max value cannot be less than min value.",
        ),
        (text("0", "2049"), too_long),
        (text("2049", "2050"), too_long),
        (
            text("-1", "3"),
            "user.custom:a: String attributes cannot have a negative length.",
        ),
        (
            text("one", "3"),
            "Invalid StringAttributeConstraints for schema attribute custom:a",
        ),
        (
            number("1", "9.5"),
            "Invalid NumberAttributeConstraints for schema attribute custom:a",
        ),
    ] {
        assert_eq!(refused(attribute), sentence);
    }
    let mut email = custom("email", DataType::String);
    email.min_length = Some("2049".into());
    let sentence = "user.email: String attributes cannot have a length of more than 2048";
    assert_eq!(refused(email), sentence);
}

#[test]
fn a_name_that_is_taken_is_told_with_its_prefix() {
    for (developer_only, sentence) in [
        (
            false,
            "custom:a: Existing attribute already has name custom:a.",
        ),
        (
            true,
            "custom:a: Existing attribute already has name dev:custom:a.",
        ),
    ] {
        let mut attribute = custom("a", DataType::String);
        attribute.developer_only = developer_only;
        let twice = Schema::with_changes(vec![attribute.clone(), attribute]);
        assert_eq!(twice.unwrap_err().to_string(), sentence);
    }
}

#[test]
fn every_attribute_that_is_unknown_is_named_and_no_more_than_that() {
    let schema = Schema::default();
    let error = schema.check_values([("rank", "1"), ("birthdate", "never"), ("custom:b", "2")]);
    assert_eq!(
        error.unwrap_err().to_string(),
        "Invalid user attributes: user.rank: Attribute does not exist in the schema.\n\
         user.custom:b: Attribute does not exist in the schema.\n"
    );
    let many: Vec<_> = (0..1000).map(|n| format!("custom:{n}")).collect();
    let error = schema.check_values(many.iter().map(|name| (name.as_str(), "x")));
    assert_eq!(error.unwrap_err().to_string().lines().count(), 32);
}

#[test]
fn only_a_date_of_ten_characters_is_a_birthdate() {
    let mut loose = custom("birthdate", DataType::String);
    (loose.min_length, loose.max_length) = (Some("0".into()), Some("2048".into()));
    let schema = Schema::with_changes(vec![loose]).unwrap();
    for text in ["20000229", "2000-02-29T10:00", "2000-02-29[u-ca=iso8601]"] {
        assert!(
            schema.check_values([("birthdate", text)]).is_err(),
            "{text}"
        );
    }
    for text in [
        "2000-1-01",
        "20000101T0",
        "2000-01-1Z",
        "-000001-01",
        "2000-W01-1",
        "٢٠٠٠-1",
        "0000-00-00",
        "2000/01/01",
    ] {
        assert!(
            Schema::default()
                .check_values([("birthdate", text)])
                .is_err(),
            "{text}"
        );
    }
}

#[test]
fn lengths_count_characters_and_values_end_at_2048_bytes() {
    let longest = "é".repeat(MAX_VALUE_LENGTH / 2);
    assert_eq!(
        Schema::default().check_values([("name", &*longest)]),
        Ok(())
    );
    assert!(
        Schema::default()
            .check_values([("name", &*(longest + "é"))])
            .is_err()
    );
    let mut short = custom("code", DataType::String);
    (short.min_length, short.max_length) = (Some("2".into()), Some("3".into()));
    let schema = Schema::with_changes(vec![short]).unwrap();
    for (value, good) in [
        ("é", false),
        ("éé", true),
        ("ééé", true),
        ("éééé", false),
        ("", true),
    ] {
        assert_eq!(
            schema.check_values([("custom:code", value)]).is_ok(),
            good,
            "{value}"
        );
    }
}

#[test]
fn numbers_have_limits_beyond_those_of_machines() {
    let mut large = custom("large", DataType::Number);
    let most = format!("1{}", "0".repeat(100));
    (large.min_value, large.max_value) = (Some(format!("-{most}")), Some(most.clone()));
    let schema = Schema::with_changes(vec![large.clone()]).unwrap();
    let is_good = |value: &str| schema.check_values([("custom:large", value)]).is_ok();
    assert!(is_good(&most) && is_good(&format!("-{most}")) && is_good("0"));
    assert!(!is_good(&format!("{most}0")) && !is_good(&format!("-{most}0")));
    large.max_value = Some(format!("-{most}0"));
    assert!(Schema::with_changes(vec![large]).is_err());
}

#[test]
fn numbers_are_whole_and_within_their_limits() {
    let mut level = custom("level", DataType::Number);
    (level.min_value, level.max_value) = (Some("-1".into()), Some("1".into()));
    let schema = Schema::with_changes(vec![level]).unwrap();
    for (value, good) in [
        ("-1", true),
        ("1", true),
        ("-2", false),
        ("2", false),
        ("0.5", false),
        ("1e0", false),
        ("99999999999999999999", false),
        (" 1", false),
        ("١", false),
    ] {
        assert_eq!(
            schema.check_values([("custom:level", value)]).is_ok(),
            good,
            "{value}"
        );
    }
}

#[test]
fn a_boolean_is_true_or_false() {
    for (value, good) in [
        ("true", true),
        ("false", true),
        ("True", false),
        ("1", false),
    ] {
        assert_eq!(
            Schema::default()
                .check_values([("email_verified", value)])
                .is_ok(),
            good,
            "{value}"
        );
    }
}

#[test]
fn a_standard_attribute_keeps_its_type_and_its_owner() {
    for change in [
        custom("email", DataType::Number),
        SchemaAttribute {
            developer_only: true,
            ..custom("email", DataType::String)
        },
        SchemaAttribute {
            mutable: true,
            required: true,
            ..custom("sub", DataType::String)
        },
        SchemaAttribute {
            mutable: false,
            required: false,
            ..custom("sub", DataType::String)
        },
    ] {
        assert!(matches!(
            Schema::with_changes(vec![change]),
            Err(AttributeError::Schema(_))
        ));
    }
}

#[test]
fn an_attribute_named_twice_is_refused_in_schemas_and_in_requests() {
    for name in ["email", "role"] {
        let twice = vec![
            custom(name, DataType::String),
            custom(name, DataType::String),
        ];
        assert!(matches!(
            Schema::with_changes(twice),
            Err(AttributeError::Schema(_))
        ));
    }
    assert_eq!(
        collect([("name", Some("a")), ("name", None)]),
        Err(AttributeError::Twice("name".into()))
    );
}

#[test]
fn a_pool_has_fifty_custom_attributes_at_most() {
    let many = |count: usize| {
        (0..count)
            .map(|n| custom(&format!("a{n}"), DataType::String))
            .collect()
    };
    assert!(Schema::with_changes(many(50)).is_ok());
    assert!(Schema::with_changes(many(51)).is_err());
}

#[test]
fn a_custom_attribute_never_takes_a_standard_name_or_a_claim_s() {
    let names = ["aud", "iss", "cognito:groups", "sub ", "custom:a"];
    let schema =
        Schema::with_changes(names.map(|name| custom(name, DataType::String)).into()).unwrap();
    for name in names {
        assert!(schema.find(&format!("custom:{name}")).is_some());
    }
    assert!(schema.find("aud").is_none() && schema.find("cognito:groups").is_none());
}

proptest::proptest! {
    #[test]
    fn any_value_of_any_attribute_is_taken_or_refused_and_nothing_worse(
        at in proptest::prelude::any::<proptest::sample::Index>(),
        value in proptest::prelude::any::<String>(),
    ) {
        let schema = Schema::default();
        let name = &schema.0[at.index(schema.0.len())].name;
        if schema.check_values([(name.as_str(), value.as_str())]).is_ok() {
            proptest::prop_assert!(!value.contains('\0') && name != "sub");
        }
    }
}

#[test]
fn a_birthdate_is_a_date() {
    assert_eq!(
        Schema::default().check_values([("birthdate", "2000-02-29")]),
        Ok(())
    );
    assert!(
        Schema::default()
            .check_values([("birthdate", "2001-02-29")])
            .is_err()
    );
}

/// An attribute, a value, and whether a plain reading of the rules takes them: of the attribute,
/// and of the value.
fn drawn(random: &mut Random) -> (SchemaAttribute, String, bool, bool) {
    let types = [
        DataType::String,
        DataType::Number,
        DataType::Boolean,
        DataType::DateTime,
    ];
    let mut attribute = custom("a", *random.pick(&types).unwrap());
    let mut limit = |lowest: i128| {
        let drawn = i128::from(random.below(12)) + lowest;
        (random.below(3) > 0).then_some(drawn)
    };
    let is_number = attribute.data_type == DataType::Number;
    let (low, high) = if is_number {
        (limit(-6), limit(-6))
    } else if attribute.data_type == DataType::String {
        (limit(0), limit(0))
    } else {
        (None, None)
    };
    let texts = (
        low.map(|low| low.to_string()),
        high.map(|high| high.to_string()),
    );
    if is_number {
        (attribute.min_value, attribute.max_value) = texts;
    } else {
        (attribute.min_length, attribute.max_length) = texts;
    }
    let is_taken = low.zip(high).is_none_or(|(low, high)| low <= high);
    let within =
        |size: i128| low.is_none_or(|low| size >= low) && high.is_none_or(|high| size <= high);
    let odd = [
        "", "true", "false", "TRUE", "7", "+3", "-0", "-004", "1.5", "1e1", "--1", " 1",
    ];
    let letters = ["a", "é", "漢", "😀"];
    let value = match random.below(3) {
        0 => (*random.pick(&odd).unwrap()).to_owned(),
        1 => (i128::from(random.below(16)) - 8).to_string(),
        _ => (0..random.below(14))
            .map(|_| *random.pick(&letters).unwrap())
            .collect(),
    };
    let is_good = value.is_empty()
        || match attribute.data_type {
            DataType::String => within(i128::try_from(value.chars().count()).unwrap()),
            DataType::Number => value.parse().is_ok_and(within),
            DataType::Boolean => value == "true" || value == "false",
            DataType::DateTime => true,
        };
    (attribute, value, is_taken, is_good)
}

#[test]
fn attributes_and_values_pass_as_a_plain_reading_of_their_rules_says() {
    let mut random = Random::from_seed([5; 32]);
    for _ in 0..5_000 {
        let (attribute, value, is_taken, is_good) = drawn(&mut random);
        let told = format!("{attribute:?} {value:?}");
        let schema = Schema::with_changes(vec![attribute]);
        assert_eq!(schema.is_ok(), is_taken, "{told}");
        if let Ok(schema) = schema {
            let passes = schema.check_values([("custom:a", value.as_str())]).is_ok();
            assert_eq!(passes, is_good, "{told}");
        }
    }
}
