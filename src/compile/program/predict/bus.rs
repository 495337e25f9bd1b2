//! The bus to DDR: transfers in the background, the stream as it fills the ring, and the image.
//!
//! A beat takes one cycle. Reads and writes take turns; of the reads the image goes first, then the stream, then
//! transfers, but who has waited for long goes before them (`Patience` of `seigo_axi_read`).

/// A transfer besides its words, for each plane: to DDR and from it.
const PLANE_SAVED: u64 = 48;
const PLANE_LOADED: u64 = 60;
/// Transfers that the queue holds.
const JOBS: usize = 4;
/// Beats of the image for each one that other reads get beside it.
const IMAGE_FIRST: u64 = 11;

/// A transfer, as a pass asks for it.
pub(super) struct Transfer {
    pub words: u64,
    pub planes: u64,
    pub to_memory: bool,
}

/// A transfer that is under way or waits for its turn.
struct Job {
    begin: u64,
    end: u64,
    /// Its last plane begins before `end` by so much; there the queue has room for another.
    last_plane: u64,
    to_memory: bool,
}

/// See the module.
pub(super) struct Bus {
    jobs: Vec<Job>,
    /// When the stream has filled the ring again, as far as it was let go of.
    refilled: u64,
}

/// What the bus moves beside the image, in beats.
#[derive(Default)]
pub(super) struct Others {
    writes: u64,
    reads: u64,
}

impl Bus {
    /// The stream first fills the ring.
    pub(super) fn new(filled: u64) -> Self {
        Self { jobs: Vec::new(), refilled: filled }
    }

    /// When all transfers are done.
    pub(super) fn done(&self) -> u64 {
        self.jobs.last().map_or(0, |job| job.end)
    }

    /// The stream fetches so many beats from `now` on.
    pub(super) fn stream(&mut self, now: u64, beats: u64) {
        self.refilled = self.refilled.max(now) + beats;
        if self.jobs.first().is_some_and(|job| job.begin <= now) {
            self.delay(now, beats);
        }
    }

    /// Others take beats from the transfers that are not done.
    fn delay(&mut self, now: u64, beats: u64) {
        self.jobs.iter_mut().filter(|job| job.end > now).for_each(|job| job.end += beats);
    }

    /// A transfer, behind those that are under way, takes turns with what the stream has yet to fetch. When the queue
    /// has taken it.
    pub(super) fn transfer(&mut self, now: u64, transfer: &Transfer) -> u64 {
        self.jobs.retain(|job| job.end > now);
        let taken = self.jobs.len().checked_sub(JOBS).map(|first| &self.jobs[first]);
        let taken = taken.map_or(now, |job| now.max(job.end - job.last_plane));
        let begin = now.max(self.done());
        let plane = transfer.words + if transfer.to_memory { PLANE_LOADED } else { PLANE_SAVED };
        let shared = self.refilled.saturating_sub(begin).min(transfer.planes * plane);
        self.refilled += shared;
        self.jobs.push(Job {
            begin,
            end: begin + transfer.planes * plane + shared,
            last_plane: plane,
            to_memory: transfer.to_memory,
        });
        taken
    }

    /// So many beats of the image come from `now` on: what it shares the bus with.
    pub(super) fn image(&mut self, now: u64, beats: u64) -> Others {
        let left = |to_memory| {
            let jobs = self.jobs.iter().filter(move |job| job.to_memory == to_memory);
            jobs.map(|job| job.end.saturating_sub(now.max(job.begin))).sum::<u64>()
        };
        let stream = self.refilled.saturating_sub(now);
        let others = Others { writes: left(false), reads: left(true) + stream };
        self.refilled += beats.min(stream);
        self.delay(now, if left(true) > 0 { beats } else { beats.min(others.writes) });
        others
    }
}

impl Others {
    /// Beats of the bus until the image's first `beats` are there.
    pub(super) fn beside(&self, beats: u64) -> u64 {
        beats + self.writes.min(beats) + self.reads.min(beats / IMAGE_FIRST)
    }
}
