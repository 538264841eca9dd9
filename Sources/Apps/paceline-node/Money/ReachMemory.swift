// What this node knows of its notice addresses: any thread says that something came in by them, and what is known goes to a file
// beside the journals, so that a start knows it too. A file that is behind says less than is true, and more is kept for it.
import Kernel
import Ledger
import Settings
import Synchronization
import Telemetry
import Units

/// Shared by all threads.
final class ReachMemory: Sendable {
    private struct Known {
        var reach: NoticeReach
        var writtenAt: Instant?
        var isInTrouble = false
    }

    let gap: Interval
    private let path: String?
    private let log: Log
    private let proof = Atomic<Int64>(0)
    private let known: Mutex<Known>

    private static let bytesMost = 4_096

    init(_ settings: NodeSettings, at now: Instant, _ log: Log) {
        gap = settings.notices?.reachGap ?? .zero
        path = settings.notices == nil ? nil : settings.journal.map { "\($0.directory)/reach" }
        self.log = log
        let found = path.map { ReachMemory.read($0, at: now, log) } ?? NoticeReach()
        known = Mutex(Known(reach: found))
    }

    private static func read(_ path: String, at now: Instant, _ log: Log) -> NoticeReach {
        do {
            let text = String(decoding: try Kernel.contents(of: path, limit: bytesMost), as: UTF8.self)
            let numbers = text.split { $0 == " " || $0 == "\n" }.compactMap { Int64($0) }
            if numbers.count == 2 {
                return NoticeReach(
                    since: Instant(nanoseconds: numbers[0]), last: Instant(nanoseconds: numbers[1]), at: now)
            }
            log.warning(
                "not two instants: nobody is taken to have reached the notices before",
                ["file": .string(path)])
        } catch {
            if error.cause != .noSuchFile {
                log.warning(
                    "what was known of the notices' addresses cannot be read: nobody is taken to have reached them before",
                    ["cause": .error(error)])
            }
        }
        return NoticeReach()
    }

    /// Something came in by the notices' addresses. From any thread, and on the way of a request.
    func note(at now: Instant) { proof.max(now.nanoseconds, ordering: .relaxed) }

    /// The last that this start has heard; nil where there is none yet.
    var last: Instant? {
        let last = proof.load(ordering: .relaxed)
        return last > 0 ? Instant(nanoseconds: last) : nil
    }

    /// As far as it was looked at.
    var reach: NoticeReach { known.withLock { $0.reach } }

    /// On the ledger's thread, from time to time: four times within the gap it goes to the disk.
    func turn(at now: Instant) {
        guard let path, let last else { return }
        known.withLock { known in
            known.reach.note(last, gap: gap)
            guard known.writtenAt.map({ now - $0 >= Interval(nanoseconds: gap.nanoseconds / 4) }) ?? true,
                let since = known.reach.since
            else { return }
            known.writtenAt = now
            do {
                try Kernel.replace(path, with: Array("\(since.nanoseconds) \(last.nanoseconds)\n".utf8))
                known.isInTrouble = false
            } catch {
                if !known.isInTrouble {
                    log.error(
                        "what is known of the notices' addresses could not be written: a start will keep more than it needs",
                        ["cause": .error(error)])
                }
                known.isInTrouble = true
            }
        }
    }
}
