//! Cycles that the input fetch loses because pixels of a group lie in one bank.

use super::{Design, Pass, f};

/// Extra cycles of a tile because lanes of a group meet in a bank at different rows.
pub(super) fn conflicts(pass: &Pass<'_>, design: &Design) -> u64 {
    let d = pass.descriptor;
    if d.flag(f::FROM_STEM) {
        return 0;
    }
    let planes = |(upsampled, by_parity): (bool, bool)| -> usize {
        let segments = d.segments().into_iter();
        let own = segments.filter(|own| (own.upsampled, own.by_parity) == (upsampled, by_parity));
        own.map(|segment| segment.planes).sum()
    };
    let taps = d.get(f::TAPS_X) * d.get(f::TAPS_Y);
    let mut extra = 0;
    for layout in [(false, false), (true, false), (false, true)] {
        let planes = planes(layout);
        // Neighbors in a row lie in different banks.
        let plain = d.get(f::STRIDE) == 1
            && layout == (false, false)
            && d.get(f::IN_WIDTH) == d.get(f::OUT_WIDTH);
        if planes == 0 || plain {
            continue;
        }
        let of_plane: usize = (0..taps)
            .map(|tap| {
                let groups = (0..d.get(f::GROUPS))
                    .map(|group| cycles(pass, design, (group, tap), layout) - 1);
                groups.sum::<usize>()
            })
            .sum();
        extra += planes * of_plane;
    }
    extra as u64
}

/// Cycles in which the banks give the pixels of a group.
fn cycles(
    pass: &Pass<'_>,
    design: &Design,
    (group, tap): (usize, usize),
    (upsampled, by_parity): (bool, bool),
) -> usize {
    let d = pass.descriptor;
    let (height, width) = (d.get(f::IN_HEIGHT), d.get(f::IN_WIDTH));
    let out_width = d.get(f::OUT_WIDTH);
    let reach = |output: usize, tap: usize, pad: usize, extent: usize| {
        let position = output * d.get(f::STRIDE) + tap * d.get(f::DILATION);
        position.checked_sub(pad).filter(|&position| position < extent)
    };
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); design.pixels];
    for lane in 0..design.pixels {
        let pixel = group * design.pixels + lane;
        let (tap_y, tap_x) = (tap / d.get(f::TAPS_X), tap % d.get(f::TAPS_X));
        let y = reach(pixel / out_width, tap_y, d.get(f::PAD_TOP), height);
        let x = reach(pixel % out_width, tap_x, d.get(f::PAD_LEFT), width);
        let (Some(y), Some(x)) = (y, x) else { continue };
        let source = if upsampled { y / 2 * (width / 2) + x / 2 } else { y * width + x };
        // By parity, half of two rows each, the odd ones turned by half a row.
        let (row, bank) = match by_parity {
            false => (source / design.pixels, source % design.pixels),
            true => {
                let (pair, odd) = (source / (2 * design.pixels), source % 2);
                let bank = source / 2 + odd * design.pixels / 2;
                (2 * pair + odd, bank % design.pixels)
            }
        };
        let bank = &mut rows[bank];
        if !bank.contains(&row) {
            bank.push(row);
        }
    }
    rows.iter().map(Vec::len).max().unwrap_or(0).max(1)
}
