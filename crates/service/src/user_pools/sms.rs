//! SmsConfiguration. Text messages leave through the operator's own endpoint; what the owner wrote
//! of Amazon SNS is kept and shown, because second factors by text message ask for it.

use cognate_api::idp::SmsConfigurationType;
use cognate_model::user_pool::SmsSettings;

/// Reads the configuration; an empty one is none.
pub(super) fn read(configuration: SmsConfigurationType) -> Option<SmsSettings> {
    let settings = SmsSettings {
        caller_arn: configuration.sns_caller_arn.filter(|arn| !arn.is_empty()),
        external_id: configuration.external_id,
        region: configuration.sns_region,
    };
    (settings != SmsSettings::default()).then_some(settings)
}

/// As the wire shows it.
pub(super) fn describe(settings: &SmsSettings) -> SmsConfigurationType {
    SmsConfigurationType {
        sns_caller_arn: settings.caller_arn.clone(),
        external_id: settings.external_id.clone(),
        sns_region: settings.region.clone(),
        eums_sms: None,
    }
}
