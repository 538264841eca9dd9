// `paceline features publish`: changes to a stream of a Redis or Valkey server, from which nodes feed their profiles.
import Commands
import Features
import Glibc
import Kernel
import Reactor
import Redis
import Units

enum FeaturesPublish {
    static let files = Parameter.arguments(
        "FILE", WordKind.file, atLeastOne: true,
        "Changes: a table where the name ends in .csv, and else lines of JSON; - is standard input.")
    static let server = Parameter.requiredOption(
        "server", WordKind.text, "The server's address and port, as in 127.0.0.1:6379 or [::1]:6379.")
    static let stream = Parameter.option(
        "stream", WordKind.text, default: "paceline:profiles",
        "The key of the stream, as in models.shared.stream.")
    static let user = Parameter.option(
        "user", WordKind.text, "Who this is to the server; with --password-file.")
    static let passwordFile = Parameter.option(
        "password-file", WordKind.file, "A file with the password in its first line.")
    static let entries = Parameter.option(
        "entries", .integer(1_000...100_000_000), default: 1_000_000,
        "About so many changes are kept by the server, for nodes that were away or are new.")

    /// Nobody reads more complaints before looking at the file.
    private static let shownMost = 20
    /// For a server that takes nothing any more.
    private static let patience = Interval.seconds(3)

    static let command = Command(
        "publish", "Publishes changes to the nodes that share a stream.",
        discussion: """
            The same changes as `paceline features import` takes, for nodes with models.shared: each puts them into its
            own profiles some milliseconds later, and a node that was away reads on where it stood. Every change
            carries the schema, and nodes of another one pass it over. Lines that are wrong are told and passed over; the
            exit code is then 1. What is published twice counts twice.
            """,
        parameters: [FeaturesInput.schema, server, stream, user, passwordFile, entries, files],
        examples: [
            Example(
                "printf '' | paceline features publish --schema Examples/features/schema.json --server 127.0.0.1:6379 -",
                "What another program prints, which is nothing here.",
                prints: "0 changes published; 0 lines refused")
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let features = try FeaturesInput.features(call[FeaturesInput.schema])
        let publisher = try Publisher(reach(call), call[stream], kept: call[entries], features)
        var refused = 0
        for path in call[files] {
            try FeaturesInput.changes(
                path, features, { told throws(Failure) in try publisher.send(told) },
                refused: { line, reason in
                    refused += 1
                    if refused <= shownMost {
                        output.print("\(InputFile.displayName(path)):\(line): \(reason)")
                    }
                })
        }
        try publisher.finish()
        if refused > shownMost { output.print("and \(refused - shownMost) more") }
        output.print("\(publisher.sent) changes published; \(refused) lines refused")
        return refused == 0 ? .ok : .failed
    }

    private static func reach(_ call: Invocation) throws(Failure) -> RedisServer {
        let text = call[server]
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            let address = SocketAddress(
                literal: text[..<colon].trimmed(of: "[", "]"), port: port)
        else {
            throw Failure(
                "--server: found \(text); allowed: an address and a port, as in 127.0.0.1:6379", .usage)
        }
        var server = RedisServer(address: address)
        server.user = call[user]
        if let path = call[passwordFile] {
            let bytes = try InputFile.read(path, limit: 65_536)
            server.password = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        }
        return server
    }

    /// Appends on a reactor of its own, which is turned while there is no room.
    private final class Publisher {
        private let reactor: Reactor
        private let stream: SharedStream
        private let schema: UInt64
        private let writer = UInt64(bitPattern: Kernel.wallNow().nanoseconds)
        private(set) var sent: UInt64 = 0
        private var entry = [UInt8](repeating: 0, count: SharedChange.byteCount)

        init(_ server: RedisServer, _ key: String, kept: Int, _ features: CompiledFeatures) throws(Failure) {
            do {
                reactor = try Reactor()
            } catch { throw Failure("its I/O could not be set up: \(error)") }
            var options = SharedStreamOptions()
            (options.key, options.kept) = (key, kept)
            options.entryBytes = SharedChange.byteCount
            // What others have written is nothing to this program.
            options.from = StreamPlace(
                milliseconds: UInt64(max(Kernel.wallNow().nanoseconds / 1_000_000, 0)), sequence: .max)
            stream = SharedStream(server, options, on: reactor, seed: writer)
            schema = features.shortFingerprint
            stream.start()
        }

        func send(_ told: ToldChange) throws(Failure) {
            sent += 1
            let shared = SharedChange(
                schema: schema, writer: writer, sequence: sent, told: told.told, change: told.change)
            var span = entry.mutableSpan
            var bytes = ByteWriter(span.mutableRaw)
            shared.write(to: &bytes)
            try turn { [stream, entry] in stream.append(entry.span.bytes) }
        }

        func finish() throws(Failure) {
            try turn { [stream] in stream.waitingCount == 0 }
            stream.end()
        }

        /// Turns until it is done, or nothing has gone out for too long.
        private func turn(until isDone: () -> Bool) throws(Failure) {
            var (left, deadline) = (stream.waitingCount, Kernel.monotonicNow() + FeaturesPublish.patience)
            while !isDone() {
                do {
                    try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(100))
                } catch { throw Failure("the kernel ended its I/O: \(error)") }
                if stream.waitingCount < left {
                    (left, deadline) = (stream.waitingCount, Kernel.monotonicNow() + FeaturesPublish.patience)
                }
                var cause = "it does not answer"
                if case .absent(let failure) = stream.state {
                    cause = "\(failure)"
                    if case .refused = failure { deadline = Kernel.monotonicNow() }
                }
                guard Kernel.monotonicNow() < deadline else {
                    throw Failure(
                        "the server took \(sent - UInt64(stream.waitingCount)) changes and no more: \(cause)")
                }
            }
        }
    }
}

extension Substring {
    fileprivate func trimmed(of first: Character, _ last: Character) -> String {
        hasPrefix(String(first)) && hasSuffix(String(last)) ? String(dropFirst().dropLast()) : String(self)
    }
}
