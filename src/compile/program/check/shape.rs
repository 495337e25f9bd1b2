//! The numbers of a descriptor agree with each other and with the hardware.

use super::demand;
use crate::base::error::Result;
use crate::compile::capabilities::BURST;
use crate::compile::program::design::Design;
use crate::compile::program::fields as f;
use crate::compile::program::format::decode::{Descriptor, Kind, Pass};

/// Checks a pass.
pub fn check(pass: &Pass<'_>, design: &Design) -> Result<()> {
    let d = pass.descriptor;
    match pass.kind {
        Kind::Dense => {
            walk(&d, design)?;
            dense(&d, design)?;
            records(pass, design)
        }
        Kind::Plane => {
            walk(&d, design)?;
            plane(&d, design)?;
            records(pass, design)
        }
        Kind::Dma => {
            let (words, planes) = (d.get(f::DMA_WORDS), d.get(f::DMA_PLANES));
            demand(words > 0 && d.get(f::TILES) == 0, || {
                "a transfer of nothing or with records".to_owned()
            })?;
            let aligned = d.get(f::DMA_BASE).is_multiple_of(design.pixels)
                && d.get(f::DMA_STRIDE).is_multiple_of(design.pixels);
            let apart = d.get(f::DMA_STRIDE).min(d.get(f::DMA_PITCH)) >= words;
            demand(aligned && (planes == 0 || apart), || "planes of a transfer meet".to_owned())
        }
        Kind::Processor | Kind::End => {
            demand(d.get(f::TILES) == 0, || "records where none are read".to_owned())
        }
    }
}

/// Groups, batches and the walk of the lanes.
fn walk(d: &Descriptor<'_>, design: &Design) -> Result<()> {
    let p = design.pixels;
    let (height, width) = (d.get(f::OUT_HEIGHT), d.get(f::OUT_WIDTH));
    demand(height * width > 0 && d.get(f::TILES) > 0, || "nothing is computed".to_owned())?;
    let groups = d.get(f::GROUPS);
    demand(groups == (height * width).div_ceil(p), || {
        format!("{groups} groups for {height} x {width} pixels")
    })?;
    let (batches, own, extra) = (d.get(f::BATCHES), d.get(f::BATCH_GROUPS), d.get(f::BATCH_EXTRA));
    demand(
        own >= 1
            && own + usize::from(extra > 0) <= 16
            && extra < batches
            && batches * own + extra == groups,
        || format!("{batches} batches of {own}, {extra} of them larger, for {groups} groups"),
    )?;
    let stride = d.get(f::STRIDE);
    let dilation = d.get(f::DILATION);
    demand(stride > 0 && dilation > 0, || "stride or dilation 0".to_owned())?;
    // Moving by P pixels in raster order is StepX columns and StepY rows, with at most one wrap.
    let moved = (d.get(f::STEP_X) + d.get(f::STEP_Y) * width, d.get(f::STEP_X) < stride * width);
    demand(moved == (stride * p, true) && d.get(f::WRAP_X) == stride * width, || {
        "the lanes do not walk in raster order".to_owned()
    })?;
    demand(d.get(f::ROW_WORDS) == stride * d.get(f::IN_WIDTH), || "RowWords is wrong".to_owned())?;
    for lane in 0..p {
        let (x, y) = (d.get(f::LANE_X) >> (4 * lane) & 15, d.get(f::LANE_Y) >> (4 * lane) & 15);
        demand(x < width && y * width + x == lane, || format!("lane {lane} starts elsewhere"))?;
    }
    Ok(())
}

/// The windows of the stem unit begin at bytes of their rows that it can shift to.
fn shifts(d: &Descriptor<'_>, design: &Design, [stride, channels]: [usize; 2]) -> Result<()> {
    let (pixels, width) = (design.pixels as i64, d.get(f::OUT_WIDTH) as i64);
    // After as many rows as a group has pixels, groups lie in rows as before.
    for row in 0..(d.get(f::OUT_HEIGHT) as i64).min(pixels) {
        let first = row * width;
        for group in first / pixels..=(first + width - 1) / pixels {
            let column = (group * pixels - first) * stride as i64 - d.get(f::PAD_LEFT) as i64;
            let shift = (column * channels as i64).rem_euclid(16);
            demand(design.stem_shifts >> shift & 1 == 1, || {
                format!("a window of the stem unit begins at byte {shift} of a word")
            })?;
        }
    }
    Ok(())
}

fn dense(d: &Descriptor<'_>, design: &Design) -> Result<()> {
    let segments = d.segments();
    let planes = d.get(f::PLANES);
    let taps = d.get(f::TAPS_X) * d.get(f::TAPS_Y);
    demand(taps > 0 && d.get(f::STEPS) == planes * taps, || {
        format!("{} steps for {planes} planes of {taps} taps", d.get(f::STEPS))
    })?;
    if d.flag(f::FROM_STEM) {
        let Some(stem) = design.stem else {
            return demand(false, || "there is no stem unit".to_owned());
        };
        let words = (d.get(f::IN_WIDTH) * stem.channels).div_ceil(16);
        demand(
            planes == stem.planes()
                && taps == 1
                && segments.is_empty()
                && words <= design.image_row_words
                && d.get(f::PLANE_ADVANCE) == 0
                && d.get(f::PAD_TOP) < stem.kernel
                && d.get(f::PAD_LEFT) < stem.kernel,
            || "the image does not fit the stem unit's row buffers".to_owned(),
        )?;
        shifts(d, design, [stem.stride, stem.channels])?;
    } else {
        let sum: usize = segments.iter().map(|segment| segment.planes).sum();
        demand(sum == planes, || format!("{sum} planes in the table, {planes} are read"))?;
        let plain = taps == 1
            && d.get(f::STRIDE) == 1
            && d.get(f::PAD_TOP) == 0
            && d.get(f::PAD_LEFT) == 0
            && d.get(f::IN_HEIGHT).is_multiple_of(2)
            && d.get(f::IN_WIDTH).is_multiple_of(2);
        demand(plain || segments.iter().all(|segment| !segment.upsampled), || {
            "a resized input under a kernel".to_owned()
        })?;
        padding(d)?;
    }
    demand(!d.flag(f::PLANE_MUL), || "a product behind the array".to_owned())?;
    let residual = d.get(f::RESIDUAL);
    demand(
        residual == f::RESIDUAL_NONE || design.residual as usize >> (residual - 1) & 1 == 1,
        || format!("residuals of mode {residual}, which the lanes lack"),
    )?;
    let chain = d.get(f::CHAIN);
    demand(d.flag(f::STORE) || chain > 0, || "nobody takes the result".to_owned())?;
    demand(chain == 0 || !d.flag(f::WIDE), || "the plane engine takes int8 only".to_owned())?;
    spread(d, design)?;
    demand(d.get(f::RESIDUAL) <= f::RESIDUAL_AFTER, || "a residual of kind 3".to_owned())?;
    demand(!(d.flag(f::DIRECT) && d.get(f::RESIDUAL) > 0), || {
        "a residual without activation stage".to_owned()
    })?;
    function(d.flag(f::DIRECT), d.get(f::FUNCTION), design)?;
    engine(d, design)
}

/// Pixels of a result that lie apart do not meet, and the hardware can store them.
fn spread(d: &Descriptor<'_>, design: &Design) -> Result<()> {
    parity(d, design)?;
    let (step, skip) = (d.get(f::OUT_STEP), d.get(f::OUT_SKIP));
    if step == 0 {
        let aligned = d.get(f::OUT_BASE).is_multiple_of(design.pixels);
        return demand(skip == 0 && aligned, || "a result that begins within a row".to_owned());
    }
    let words = if d.flag(f::WIDE) { 2 } else { 1 };
    let alone = d.flag(f::STORE) && d.get(f::CHAIN) == 0 && design.scatter;
    demand(alone && step >= words && skip >= words, || {
        format!("pixels {step} words apart, and rows {skip}")
    })
}

/// What lies by parity takes whole pairs of rows of the banks, and is int8.
fn parity(d: &Descriptor<'_>, design: &Design) -> Result<()> {
    let pair = 2 * design.pixels;
    let own = |base: usize, stride: usize| {
        design.parity && base.is_multiple_of(pair) && stride.is_multiple_of(pair)
    };
    let result = d.get(f::OUT_HEIGHT) * d.get(f::OUT_WIDTH);
    let stored = d.flag(f::STORE) && !d.flag(f::WIDE) && d.get(f::OUT_STEP) == 0;
    let whole = stored && own(d.get(f::OUT_BASE), d.get(f::OUT_STRIDE));
    demand(!d.flag(f::OUT_PARITY) || (whole && result.is_multiple_of(pair)), || {
        "a result by parity that does not fill pairs of rows".to_owned()
    })?;
    let segments = d.segments();
    let mut segments = segments.iter().filter(|segment| segment.by_parity);
    demand(segments.all(|input| !input.upsampled && own(input.base, input.stride)), || {
        "an input by parity that does not lie in pairs of rows".to_owned()
    })
}

/// Whether some tap lies outside of the input must be what the flag Padded says.
fn padding(d: &Descriptor<'_>) -> Result<()> {
    let outside = |output: usize, taps: usize, pad: usize, input: usize| {
        let reach = (output - 1) * d.get(f::STRIDE) + (taps - 1) * d.get(f::DILATION);
        pad > 0 || reach - pad.min(reach) >= input
    };
    let rows =
        outside(d.get(f::OUT_HEIGHT), d.get(f::TAPS_Y), d.get(f::PAD_TOP), d.get(f::IN_HEIGHT));
    let columns =
        outside(d.get(f::OUT_WIDTH), d.get(f::TAPS_X), d.get(f::PAD_LEFT), d.get(f::IN_WIDTH));
    demand(d.flag(f::PADDED) || !(rows || columns), || {
        "taps outside of the input and no zero points".to_owned()
    })
}

/// A product with numbers per channel has one filter of 3 x 3 and rows of factors that begin with the first bank.
fn product(d: &Descriptor<'_>, design: &Design) -> Result<()> {
    let alone = d.get(f::CHAIN) == 1 && !d.flag(f::MAXIMUM) && d.get(f::PLANE_REACH) == 1;
    let stride = d.get(f::PLANE_STRIDE_XY) == 1;
    let aligned = [f::RES_BASE, f::RES_STRIDE]
        .iter()
        .all(|&field| d.get(field).is_multiple_of(design.pixels));
    let able = design.channel_mul && alone && stride && aligned;
    demand(!d.flag(f::PLANE_MUL) || able, || {
        "a product with numbers per channel that the plane engine cannot do".to_owned()
    })
}

fn plane(d: &Descriptor<'_>, design: &Design) -> Result<()> {
    product(d, design)?;
    let one = |field| d.get(field) == 1;
    demand(
        one(f::STEPS)
            && one(f::PLANES)
            && one(f::PLANE_ADVANCE)
            && one(f::TAPS_X)
            && one(f::TAPS_Y)
            && one(f::STRIDE)
            && d.get(f::IN_HEIGHT) == d.get(f::OUT_HEIGHT)
            && d.get(f::IN_WIDTH) == d.get(f::OUT_WIDTH)
            && (1..=2).contains(&d.get(f::CHAIN))
            && d.get(f::PAD_TOP) + d.get(f::PAD_LEFT) == 0
            && matches!(d.segments()[..], [segment] if segment.planes == 1 && !segment.upsampled),
        || "a plane pass reads one plane a tile, as it is".to_owned(),
    )
}

/// The plane engine's part of a descriptor.
fn engine(d: &Descriptor<'_>, design: &Design) -> Result<()> {
    let chain = d.get(f::CHAIN);
    demand(chain <= 2, || "three filters".to_owned())?;
    if chain == 0 {
        return Ok(());
    }
    demand(d.get(f::OUT_WIDTH) <= design.max_width, || {
        format!("rows of {} in a line buffer of {}", d.get(f::OUT_WIDTH), design.max_width)
    })?;
    let stride = d.get(f::PLANE_STRIDE_XY);
    demand((1..=2).contains(&stride), || format!("the plane engine has no stride {stride}"))?;
    let reach = d.get(f::PLANE_REACH);
    demand((1..=design.plane_reach).contains(&reach), || {
        format!(
            "a window that reaches {reach} beyond its center, in an engine of {}",
            design.plane_reach
        )
    })?;
    // The center of every window lies in the input.
    let inside = |output: usize, pad: usize, input: usize| {
        output > 0 && pad <= reach && (output - 1) * stride + reach < input + pad
    };
    demand(
        inside(d.get(f::PLANE_HEIGHT), d.get(f::PLANE_PAD_TOP), d.get(f::OUT_HEIGHT))
            && inside(d.get(f::PLANE_WIDTH), d.get(f::PLANE_PAD_LEFT), d.get(f::OUT_WIDTH)),
        || "the center of a window lies beyond the input".to_owned(),
    )?;
    if d.flag(f::MAXIMUM) {
        let some = chain == 1 && reach == 1 && d.get(f::TAP_MASK) != 0;
        return demand(some, || "a maximum of nothing, or of more than 3 x 3".to_owned());
    }
    let functions = [f::PLANE_FUNCTION0, f::PLANE_FUNCTION1];
    for (index, field) in functions.into_iter().enumerate().take(chain) {
        function(d.flag_at(f::PLANE_DIRECT, index), d.get(field), design)?;
    }
    Ok(())
}

fn function(direct: bool, index: usize, design: &Design) -> Result<()> {
    demand(direct || index < design.functions.len(), || format!("no function {index}"))
}

/// Sizes of the records, what the ring must hold, and lanes and weights that exist.
fn records(pass: &Pass<'_>, design: &Design) -> Result<()> {
    let d = pass.descriptor;
    let dense = pass.kind == Kind::Dense;
    let filters = if d.flag(f::MAXIMUM) { 0 } else { d.get(f::CHAIN) };
    let parts = d.get(f::PLANE_REACH).pow(2);
    let parameters = usize::from(dense) * 4 + filters * (5 * parts.saturating_sub(1) + 9);
    let step = f::STEP_RING_WORDS + usize::from(d.flag(f::PADDED));
    let words = parameters + if dense { d.get(f::STEPS) * step } else { 0 };
    demand(d.get(f::PARAMETER_WORDS) == parameters && d.get(f::TILE_WORDS) == words, || {
        format!("{} ring words a tile where {words} are used", d.get(f::TILE_WORDS))
    })?;
    // Weights stay until the last batch of the tile; the next descriptor waits behind the last one.
    demand(words + BURST + f::DESCRIPTOR_WORDS <= design.ring_words, || {
        format!("a tile of {words} ring words does not fit the ring of {}", design.ring_words)
    })?;
    for tile in 0..d.get(f::TILES) {
        let mut record = pass.record(tile);
        if dense {
            lanes(take(&mut record, f::LANES_BYTES), d.flag(f::DIRECT), d.get(f::RESIDUAL) > 0)?;
        }
        for filter in 0..filters {
            for part in 0..parts {
                let taps = take(&mut record, f::TAPS_BYTES);
                weights(taps, design)?;
                let masks = taps.iter().all(|tap| matches!(tap, 0 | 0xFF));
                demand(masks || !d.flag(f::PLANE_MUL), || "a mask of some bits".to_owned())?;
                let rest = take(&mut record, 16);
                let empty = rest.iter().all(|&byte| byte == 0);
                demand(empty || part + 1 == parts, || {
                    "zero points before the last part".to_owned()
                })?;
            }
            lanes(take(&mut record, f::LANES_BYTES), d.flag_at(f::PLANE_DIRECT, filter), false)?;
        }
        while !record.is_empty() {
            weights(take(&mut record, f::STEP_BYTES), design)?;
            let zeros = take(&mut record, (step - f::STEP_RING_WORDS) * f::RING_WORD);
            demand(zeros.iter().skip(16).all(|&byte| byte == 0), || "no zero points".to_owned())?;
        }
    }
    Ok(())
}

fn take<'a>(record: &mut &'a [u8], bytes: usize) -> &'a [u8] {
    let (head, rest) = record.split_at(bytes.min(record.len()));
    *record = rest;
    head
}

fn weights(bytes: &[u8], design: &Design) -> Result<()> {
    demand(!design.pack_products || !bytes.contains(&0x80), || "a weight of -128".to_owned())
}

fn lanes(bytes: &[u8], direct: bool, residual: bool) -> Result<()> {
    for lane in bytes.chunks_exact(8) {
        let high = lane.iter().skip(4).rev().fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        let argument = high & 63;
        let shift = (high as i32) >> 26;
        let least = if direct { 6 } else { 0 };
        demand((least..=39).contains(&argument), || format!("a shift of {}", argument as i32 - 8))?;
        demand(!residual || (-15..=11).contains(&shift), || {
            format!("a residual shift of {shift}")
        })?;
    }
    Ok(())
}
