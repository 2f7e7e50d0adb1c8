//! The file of sales that large files are measured with.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Sales: an id, a day, a shop, a product, a quantity and a price, made up by a simple generator so that every run and
/// every program sees the same ones.
pub fn write_sales(path: &Path, rows: u64) -> std::io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(file, "id,day,shop,product,quantity,price")?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for id in 0..rows {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = state >> 33;
        let (day, shop, product) = (random % 365, random / 7 % 200, random / 11 % 5000);
        let (quantity, cents) = (random / 13 % 10, random / 17 % 10_000);
        let (month, date) = (day / 31 + 1, day % 28 + 1);
        let (whole, rest) = (cents / 100, cents % 100);
        writeln!(file, "{id},2025-{month:02}-{date:02},shop-{shop},product-{product},{quantity},{whole}.{rest:02}")?;
    }
    file.flush()
}
