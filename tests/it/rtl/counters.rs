//! The performance counters on the whole design.

use seigo::verify::cosim::End;

use super::rig::Rig;

/// The counters of each pass alone are its share of those of the frame, and its cycles those between the
/// ends of passes.
pub fn of_passes(rig: &mut Rig<'_>) {
    let mut ends: Vec<u64> = Vec::new();
    let mut frame = |rig: &mut Rig<'_>, pass: Option<u16>| {
        rig.device.count(pass).unwrap();
        ends.clear();
        let words = rig.words();
        let end = rig.device.frame(words, |_, device| {
            ends.push(device.cycle);
            Ok(())
        });
        assert_eq!(end.unwrap(), End::Done);
        let own = pass.filter(|&pass| pass > 0).map(usize::from);
        let between = own.map(|pass| ends[pass] - ends[pass - 1]);
        (rig.device.counted().unwrap(), rig.device.stalls().unwrap(), between)
    };
    let (cycles, stalls, _) = frame(rig, None);
    let mut sums = (0, [0; 6]);
    for pass in 0..rig.build.program.entries.len() {
        let (own, causes, between) = frame(rig, Some(pass as u16));
        sums.0 += own;
        sums.1.iter_mut().zip(causes).for_each(|(sum, own)| *sum += own);
        // The memory's stalls differ from frame to frame.
        if !rig.stalls && pass > 0 {
            assert_eq!(between, Some(u64::from(own)), "pass {pass}");
        }
    }
    if !rig.stalls {
        assert_eq!(sums, (cycles, stalls));
    }
    rig.device.count(None).unwrap();
}
