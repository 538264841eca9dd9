// What all shards of a node need to count together: their mail, what the journals remember, the salt of viewers' keys,
// and the server that the pool shares.
import Commands
import Features
import Glibc
import Journal
import Kernel
import Reactor
import Redis
import Settings
import Telemetry
import Units

/// Made by the main thread before any shard starts; nothing of it changes afterwards, but that memory is let go.
final class NodeFrequency: @unchecked Sendable {
    let options: FrequencyOptions
    let mail: FrequencyMail
    let rewrite: Interval
    /// Goes into the key of every viewer.
    let salt: UInt64
    /// For the shards while they start: each takes a copy.
    private(set) var remembered: FrequencyMemory
    private let settings: FrequencySettings
    private let server: RedisServer?

    init(_ settings: NodeSettings, shards: Int) throws(Failure) {
        self.settings = settings.frequency
        options = FrequencyOptions(settings.frequency)
        rewrite = settings.frequency.rewrite
        mail = FrequencyMail(shards: shards)
        remembered = FrequencyMemory(bytes: options.bytes)
        salt = try ViewerSalt.load(settings)
        server = try settings.frequency.shared.map { shared throws(Failure) in
            try RedisServer(shared, "frequency.shared")
        }
    }

    /// The shards have their copies.
    func forget() { remembered = FrequencyMemory(bytes: FrequencyTable.bytesLeast) }

    /// For the first shard: what joins the node to its pool.
    func shared(on reactor: Reactor, name: String, metrics: RedisMetrics) -> SharedFrequency? {
        guard let server, let shared = settings.shared else { return nil }
        var options = SharedStreamOptions()
        options.key = shared.stream
        options.kept = shared.entries
        return SharedFrequency(
            server, options, from: remembered.sharedRead, name: name,
            session: UInt64(bitPattern: Kernel.wallNow().nanoseconds), on: reactor, metrics: metrics)
    }

    /// The server as people call it.
    var serverName: String { settings.shared.map { "\($0.address):\($0.port)" } ?? "" }
}

extension FrequencyOptions {
    fileprivate init(_ settings: FrequencySettings) {
        self.init()
        bytes = settings.counterBytes
        holdBytes = settings.promiseBytes
        holdSeconds = UInt32(clamping: settings.promise.wholeMilliseconds / 1_000)
        sessionSeconds = UInt32(clamping: settings.session.wholeMilliseconds / 1_000)
        showsUncountable = settings.uncountable == .show
    }
}

/// The secret that makes a viewer's key of an identifier: without it a key says nothing.
enum ViewerSalt {
    private static let bytesLeast = 16

    static func load(_ settings: NodeSettings) throws(Failure) -> UInt64 {
        if let path = settings.frequency.saltFile {
            let bytes = try SecretFile.read(path, "frequency.saltFile")
            guard bytes.count >= bytesLeast else {
                throw Failure(
                    "frequency.saltFile: \(path): found \(bytes.count) bytes; allowed: at least \(bytesLeast), as of `head -c 32 /dev/urandom`"
                )
            }
            return number(bytes)
        }
        guard let journal = settings.journal else { return random() }
        return try own(beside: journal.directory)
    }

    /// Every byte counts.
    private static func number(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(UInt64(bytes.count)) { state, byte in
            var mixer = SplitMix64(state: state ^ UInt64(byte))
            return mixer.next()
        }
    }

    private static func random() -> UInt64 {
        var system = SystemRandomNumberGenerator()
        return system.next()
    }

    /// Made once, and kept as long as the journal that holds keys made with it.
    private static func own(beside directory: String) throws(Failure) -> UInt64 {
        let path = "\(directory)/viewer-salt"
        do throws(Errno) {
            try Kernel.makeDirectory(directory)
            let file = try Kernel.open(path, O_RDWR | O_CREAT, mode: 0o600)
            defer { Kernel.close(file) }
            let known = try Kernel.contents(of: file, limit: 4_096)
            if known.count >= bytesLeast { return number(known) }
            var made: [UInt8] = []
            for _ in 0..<4 { withUnsafeBytes(of: random()) { made.append(contentsOf: $0) } }
            let written = made.withUnsafeBytes { Kernel.write(file, $0, at: 0) }
            guard written == made.count else { throw Errno(Int32(max(-written, 5))) }
            let synchronised = Kernel.synchroniseWhole(file)
            guard synchronised >= 0 else { throw Errno(Int32(-synchronised)) }
            return number(made)
        } catch {
            throw Failure("journal.directory: \(path): could not keep the salt of viewers' keys: \(error)")
        }
    }
}

/// A file of a few secret bytes.
enum SecretFile {
    private static let bytesMost = 65_536

    static func read(_ path: String, _ setting: String) throws(Failure) -> [UInt8] {
        do throws(Errno) {
            let file = try Kernel.open(path, O_RDONLY)
            defer { Kernel.close(file) }
            return try Kernel.contents(of: file, limit: bytesMost)
        } catch {
            throw Failure("\(setting): \(path): could not be read: \(error)")
        }
    }
}

extension NodeContext {
    /// A shard's counters; nil where nothing is decided. The first shard speaks with the other nodes.
    func shardFrequency(
        _ shard: Int, _ journal: NodeJournal?, _ reactor: Reactor, metrics block: ShardMetrics
    ) -> ShardFrequency? {
        guard let frequency, let keys = keys.frequency else { return nil }
        let counters = ShardFrequency(
            shard: shard, frequency, journal: journal, reactor: reactor,
            metrics: FrequencyMetrics(keys, block))
        guard shard == 0, let sharedKeys = self.keys.shared,
            let shared = frequency.shared(
                on: reactor, name: "\(settings.node.region)/\(settings.node.name)",
                metrics: RedisMetrics(sharedKeys, block))
        else { return counters }
        let server = frequency.serverName
        shared.onState = { [log, health] state in
            switch state {
            case .connecting: break
            case .available:
                log.notice("what is shown is shared with other nodes", ["server": .string(server)])
                health.set("frequency", .ready)
            case .absent(let failure):
                // The node counts alone until it is back: decisions go on, and so does readiness.
                log.warning(
                    "the shared store is not in reach, and this node counts alone",
                    ["server": .string(server), "cause": .string("\(failure)")])
                health.set("frequency", .notice("counts alone: \(server): \(failure)"))
            }
        }
        counters.share(shared)
        return counters
    }
}
