// What earlier starts of a node have counted, from their journals: so a restart counts nothing twice.
import Journal
import Notices
import Synchronization
import Units

/// Filled by one pass over the journals, before a shard starts, and read by the shards while they start.
final class NoticeRecall: JournalListener, Sendable {
    private let notices = Mutex<[CountedNotice]>([])
    private let now: Instant
    private let since: Instant

    /// - Parameter lifetime: nobody's token lives longer, so that what was counted before does not come again.
    init(lifetime: Interval, at now: Instant) {
        self.now = now
        since = now - lifetime
    }

    var counted: [CountedNotice] { notices.withLock { $0 } }

    func removeAll() { notices.withLock { $0 = [] } }

    func needs(_ segment: RememberedSegment) -> Bool { segment.changed >= since }

    func take(_ record: RecordEntry, _ payload: RawSpan, of segment: SegmentHeader) {
        guard let counted = CountedNotice(record.kind, version: record.version, payload),
            counted.notice.expires >= now
        else { return }
        notices.withLock { $0.append(counted) }
    }
}
