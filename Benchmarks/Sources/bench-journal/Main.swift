// The journal beside what C programs do: a write and an fdatasync for each record. Both on the same file system,
// in turns; 200-byte records.
import BenchKit
import Glibc
import Journal
import Kernel
import Reactor
import Telemetry
import Units

@main
enum Main {
    static let recordBytes = 200
    static let rounds = 9
    /// Appends of one round: a few milliseconds of the request path.
    static let appends = 20_000
    /// Durable records of one round of each side: the peer needs a commit for each.
    static let commits = 300

    static func main() {
        Bench.run("journal") { bench in
            let folder = try scratch()
            defer { remove(folder) }
            let ours = try Ours(folder + "/ours")
            let peer = try Peer(folder + "/peer")

            var nanoseconds: [Double] = []
            var p99: [Double] = []
            var copies: [Double] = []
            for round in 0...rounds {
                let (mean, high) = try ours.append(appends)
                let copy = try peer.copy(appends)
                // The first round touches what the others use again.
                if round > 0 {
                    nanoseconds.append(mean)
                    p99.append(high)
                    copies.append(copy)
                }
            }
            try bench.compare(
                "append 200 bytes", unit: "ns", ours: nanoseconds, peer: copies, named: "memcpy and CRC32C")
            try bench.measure("append 200 bytes, p99", unit: "ns", ours: p99)

            let durable = try interleaved(
                rounds: rounds, { try ours.durable(commits) }, { try peer.durable(commits) })
            try bench.compare(
                "durable records, 64 at a time", unit: "per s", ours: durable.a.map(\.perSecond),
                peer: durable.b.map(\.perSecond), named: "write and fdatasync")
            let single = try interleaved(
                rounds: rounds, { try ours.single(commits) }, { try peer.durable(commits) })
            try bench.compare(
                "one record to durable, p50", unit: "µs", ours: single.a.map(\.p50),
                peer: single.b.map(\.p50), named: "write and fdatasync")
            try bench.compare(
                "one record to durable, p99", unit: "µs", ours: single.a.map(\.p99),
                peer: single.b.map(\.p99), named: "write and fdatasync")
            try ours.close()
        }
    }

    private static func scratch() throws -> String {
        let path = "/var/tmp/paceline-bench-journal-\(getpid())"
        guard mkdir(path, 0o700) == 0 else { throw Impossible("\(path): could not be made") }
        return path
    }

    private static func remove(_ folder: String) {
        for directory in ["\(folder)/ours", folder] {
            for name in (try? Kernel.entries(of: directory)) ?? [] {
                _ = Kernel.remove("\(directory)/\(name)")
            }
            rmdir(directory)
        }
    }
}

/// How long some operations took.
struct Sample {
    var perSecond = 0.0
    var p50 = 0.0
    var p99 = 0.0

    init(_ microseconds: [Double], records: Int, seconds: Double) {
        let sorted = microseconds.sorted()
        perSecond = Double(records) / seconds
        p50 = sorted[sorted.count / 2]
        p99 = sorted[sorted.count * 99 / 100]
    }
}

func seconds(since start: Instant) -> Double { Double((Kernel.monotonicNow() - start).nanoseconds) / 1e9 }

/// The journal on a reactor that does nothing else.
final class Ours {
    private let reactor: Reactor
    private let journal: Journal
    private let payload = [UInt8](repeating: 7, count: Main.recordBytes)

    init(_ directory: String) throws {
        reactor = try Reactor()
        var options = JournalOptions(directory: directory, writer: "bench", session: 1)
        options.ringBytes = 16 << 20
        options.segmentBytes = 64 << 20
        options.retainedBytes = 256 << 20
        options.flushInterval = .seconds(10)
        journal = try Journal(options, on: reactor, now: Kernel.wallNow())
        // The first segment is prepared.
        while journal.durable == 0 { try commit() }
    }

    private func append() throws {
        let outcome = payload.withUnsafeBytes {
            journal.append(RecordKind(rawValue: 900), at: Instant(nanoseconds: 1), $0.bytes)
        }
        guard case .accepted = outcome else { throw Impossible("a record was lost") }
    }

    private func commit() throws {
        if journal.accepted == 0 { try append() }
        journal.commit(upTo: journal.accepted)
        while journal.durable < journal.accepted {
            try reactor.turn(until: Kernel.monotonicNow() + .seconds(1))
        }
    }

    /// Nanoseconds for one append, and the p99 of appends timed by sixteens, the clock's own cost left out.
    func append(_ count: Int) throws -> (mean: Double, p99: Double) {
        var groups: [Double] = []
        groups.reserveCapacity(count / 16)
        let start = Kernel.monotonicNow()
        for _ in 0..<count { try append() }
        let mean = seconds(since: start) * 1e9 / Double(count)
        try commit()
        for _ in 0..<count / 16 {
            let start = Kernel.monotonicNow()
            for _ in 0..<16 { try append() }
            groups.append(seconds(since: start) * 1e9 / 16)
        }
        try commit()
        groups.sort()
        return (mean, groups[groups.count * 99 / 100])
    }

    /// Sixty-four records a commit, as a shard has them at a busy moment.
    func durable(_ commits: Int) throws -> Sample {
        var times: [Double] = []
        let start = Kernel.monotonicNow()
        for _ in 0..<commits {
            let start = Kernel.monotonicNow()
            for _ in 0..<64 { try append() }
            try commit()
            times.append(seconds(since: start) * 1e6)
        }
        return Sample(times, records: commits * 64, seconds: seconds(since: start))
    }

    /// One record a commit: what a draw mark waits for.
    func single(_ commits: Int) throws -> Sample {
        var times: [Double] = []
        let start = Kernel.monotonicNow()
        for _ in 0..<commits {
            let start = Kernel.monotonicNow()
            try append()
            try commit()
            times.append(seconds(since: start) * 1e6)
        }
        return Sample(times, records: commits, seconds: seconds(since: start))
    }

    func close() throws {
        var isClosed = false
        journal.close(at: Kernel.wallNow()) { isClosed = true }
        while !isClosed { try reactor.turn(until: Kernel.monotonicNow() + .seconds(1)) }
    }
}

/// A file that is appended to by plain calls, preallocated like ours.
final class Peer {
    private let file: Int32
    private var offset = 0
    private let record = [UInt8](repeating: 7, count: 232)
    private let memory = UnsafeMutableRawPointer.allocate(byteCount: 16 << 20, alignment: 4096)

    init(_ path: String) throws {
        file = Glibc.open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0, posix_fallocate(file, 0, 64 << 20) == 0 else {
            throw Impossible("\(path): no space")
        }
        memset(memory, 0, 16 << 20)
    }

    /// What an append cannot do without: nanoseconds for a checksum and a copy.
    func copy(_ count: Int) throws -> Double {
        var place = 0
        var sum: UInt32 = 0
        let start = Kernel.monotonicNow()
        for _ in 0..<count {
            record.withUnsafeBytes {
                sum ^= CRC32C.checksum(of: $0.bytes)
                UnsafeMutableRawBufferPointer(start: memory + place, count: $0.count).copyMemory(from: $0)
            }
            place = (place + record.count) % (15 << 20)
        }
        let taken = seconds(since: start)
        guard sum != 1 else { throw Impossible("no checksum") }
        return taken * 1e9 / Double(count)
    }

    func durable(_ count: Int) throws -> Sample {
        var times: [Double] = []
        let start = Kernel.monotonicNow()
        for _ in 0..<count {
            let start = Kernel.monotonicNow()
            let written = record.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, offset) }
            guard written == record.count, fdatasync(file) == 0 else {
                throw Impossible("the peer's disk failed")
            }
            offset = (offset + record.count) % (63 << 20)
            times.append(seconds(since: start) * 1e6)
        }
        return Sample(times, records: count, seconds: seconds(since: start))
    }
}
