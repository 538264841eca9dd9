// What a shard writes down of its decisions: each of them, and of a sample all that it takes to make them again.
import Decision
import Journal
import Kernel
import OpenRTB
import Units

/// One for each shard with a journal, used on its thread only. Allocates nothing once it is made.
final class DecisionRecording {
    /// The settings are said again so often, so that what retention leaves of a journal has them.
    private static let settingsInterval = Interval.seconds(60)

    private let journal: NodeJournal
    private let oneIn: UInt64
    private var recorder = DecisionRecorder()
    /// By which decisions name their settings; the same and the settings, as their record has them.
    private let settings: UInt64
    private let settingsRecord: [UInt8]
    private var settingsDue = Instant(nanoseconds: .min)

    init(_ journal: NodeJournal, oneIn: Int, _ settings: DecisionSettings) {
        self.journal = journal
        self.oneIn = UInt64(oneIn)
        let content = settings.recorded
        self.settings = DecisionSettings.digest(of: content.span.bytes)
        settingsRecord = withUnsafeBytes(of: self.settings.littleEndian) { Array($0) } + content
    }

    /// Takes down what the decider has just decided.
    func note(
        _ decision: Decision, of request: RawSpan, by decider: borrowing Decider, catalog: UInt64,
        at now: Instant, seed: UInt64, _ format: AnswerFormat
    ) {
        // Under a clock that was set back it is said once more.
        if now >= settingsDue || settingsDue - now > Self.settingsInterval {
            let record = settingsRecord
            journal.note(settings: record.span.bytes, at: now)
            settingsDue = now + Self.settingsInterval
        }
        var context = RecordedContext(
            now: now, seed: seed, format: format, catalog: catalog, settings: settings,
            keepsRequest: isSampled(seed))
        recorder.record(decision, of: request, by: decider, context)
        if context.keepsRequest {
            if Self.put(recorder, into: journal, at: now, .sample) { return }
            // Where the disk is behind, requests are what is left out.
            context.keepsRequest = false
            recorder.record(decision, of: request, by: decider, context)
        }
        _ = Self.put(recorder, into: journal, at: now, .must)
    }

    /// The record is lent by the recorder, which only its own memory may outlive.
    private static func put(
        _ recorder: borrowing DecisionRecorder, into journal: NodeJournal, at now: Instant,
        _ importance: Importance
    ) -> Bool { journal.note(decision: recorder.bytes, at: now, importance) }

    /// By the seed, so that the sample owes nothing to what a request says.
    private func isSampled(_ seed: UInt64) -> Bool {
        guard oneIn > 1 else { return oneIn == 1 }
        var lots = SplitMix64(state: ~seed)
        return lots.next() % oneIn == 0
    }
}
