//! The types of fields, in words.

use crate::arrow::datatypes::DataType;

/// What people call a type: `text`, `integer`, `number`, `boolean`, `date`, `time stamp`, …
pub fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "nothing".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        integer if integer.is_integer() => "integer".to_owned(),
        number if number.is_floating() => "number".to_owned(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "bytes".to_owned()
        }
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "time of day".to_owned(),
        DataType::Timestamp(_, None) => "time stamp".to_owned(),
        DataType::Timestamp(_, Some(zone)) => format!("time stamp in {zone}"),
        DataType::Duration(_) | DataType::Interval(_) => "length of time".to_owned(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("list of {}", type_name(item.data_type()))
        }
        DataType::Struct(fields) => {
            let parts: Vec<String> =
                fields.iter().map(|field| format!("{} {}", field.name(), type_name(field.data_type()))).collect();
            format!("record ({})", parts.join(", "))
        }
        DataType::Dictionary(_, value) => type_name(value),
        other => other.to_string(),
    }
}
