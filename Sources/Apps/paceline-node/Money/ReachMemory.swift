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
    private struct File {
        var writtenAt: Instant?
        var isInTrouble = false
    }

    let gap: Interval
    private let path: String?
    /// Of the address that was reached, and of no other.
    private let checksum: UInt32
    private let begun: Instant
    private let log: Log
    private let proof = Atomic<Int64>(0)
    private let known: Mutex<NoticeReach>
    /// A disk that takes its time holds up who writes, and nobody who asks.
    private let file = Mutex(File())

    private static let bytesMost = 4_096

    init(_ settings: NodeSettings, at now: Instant, _ log: Log) {
        gap = settings.notices?.reachGap ?? .zero
        path = settings.notices == nil ? nil : settings.journal.map { "\($0.directory)/reach" }
        let address = settings.notices?.baseURL ?? ""
        let checksum = CRC32C.checksum(of: address.utf8Span.span.raw)
        self.checksum = checksum
        begun = now
        self.log = log
        let found = path.map { ReachMemory.read($0, checksum, at: now, log) } ?? NoticeReach()
        known = Mutex(found)
    }

    private static func read(
        _ path: String, _ checksum: UInt32, at now: Instant, _ log: Log
    ) -> NoticeReach {
        do {
            let text = String(decoding: try Kernel.contents(of: path, limit: bytesMost), as: UTF8.self)
            let words = text.split { $0 == " " || $0 == "\n" }
            let numbers = words.compactMap { Int64($0) }
            guard words.count == 3, numbers.count == 3 else {
                log.warning(
                    "not two instants and the checksum of an address: nobody is taken to have reached the notices before",
                    ["file": .string(path)])
                return NoticeReach()
            }
            guard numbers[2] == Int64(checksum) else {
                log.notice(
                    "notices.baseURL is another one than before: nobody is taken to have reached it yet",
                    ["file": .string(path)])
                return NoticeReach()
            }
            return NoticeReach(
                since: Instant(nanoseconds: numbers[0]), last: Instant(nanoseconds: numbers[1]), at: now)
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

    /// How long nobody has come, since this start at most.
    func age(at now: Instant) -> Interval { now - (last ?? begun) }

    /// As far as it was looked at.
    var reach: NoticeReach { known.withLock { $0 } }

    /// On the ledger's thread, from time to time: four times within the gap it goes to the disk.
    func turn(at now: Instant) {
        look()
        let pause = Interval(nanoseconds: gap.nanoseconds / 4)
        write(at: now) { $0.writtenAt.map { now - $0 >= pause } ?? true }
    }

    /// When nobody comes any more, so that the next start knows of the last who did.
    func end(at now: Instant) {
        look()
        write(at: now) { _ in true }
    }

    private func look() {
        guard let last else { return }
        known.withLock { $0.note(last, gap: gap) }
    }

    private func write(at now: Instant, _ isDue: (File) -> Bool) {
        guard let path, last != nil else { return }
        file.withLock { file in
            guard isDue(file), let since = reach.since, let last = reach.last else { return }
            file.writtenAt = now
            do {
                let text = "\(since.nanoseconds) \(last.nanoseconds) \(checksum)\n"
                try Kernel.replace(path, with: Array(text.utf8))
                file.isInTrouble = false
            } catch {
                if !file.isInTrouble {
                    log.error(
                        "what is known of the notices' addresses could not be written: a start will keep more than it needs",
                        ["cause": .error(error)])
                }
                file.isInTrouble = true
            }
        }
    }
}

extension ShardMoney {
    /// Whether a bill that comes now can be taken, as far as this shard knows.
    var takesBills: Bool { !isResting }

    /// Something came by the notices' addresses, and was taken.
    func noteReached() { ledger.reach.note(at: ledger.clock.now) }
}
