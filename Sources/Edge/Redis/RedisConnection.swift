// One connection: greets the server, then sends commands and hands out the answers in their order.
import HTTP
import Kernel
import Reactor
import TLS
import Units

/// connecting → greeting → ready; from any of them → closed.
final class RedisConnection: Transport {
    private let server: RedisServer
    private let told: (Told) -> Void
    private var reader: RESPReader
    private var incoming: [UInt8] = []
    /// Answers that are still to come.
    private var awaited = 0
    private var greeting = Greeting.version3
    private var failure: RedisFailure?

    /// What the owner hears.
    enum Told {
        case ready
        /// The reply's values, and the bytes in which they lie.
        case answered(RESPReader, [UInt8])
        case closed(RedisFailure)
    }

    private enum Greeting {
        /// HELLO, which answers in version 3 or with an error.
        case version3
        /// AUTH, where HELLO is unknown.
        case version2
        case done
    }

    /// More than an answer may have is not kept.
    private static let limits = RESPLimits()

    init(
        _ server: RedisServer, _ reactor: Reactor, _ scratch: TransportScratch,
        _ told: @escaping (Told) -> Void
    ) {
        self.server = server
        self.told = told
        reader = RESPReader(Self.limits)
        super.init(reactor: reactor, scratch: scratch)
    }

    /// Sends commands; each of them is answered once. False, and the connection closes, where there is no memory.
    func ask(_ commands: RESPCommands, within limit: Interval? = nil) -> Bool {
        guard isOpen else { return false }
        awaited += commands.count
        setDeadline(now + (limit ?? server.timeout))
        guard commands.bytes.withUnsafeBytes(send) else {
            fail(.noMemory)
            return false
        }
        flush()
        return true
    }

    func end(_ failure: RedisFailure) { fail(failure) }

    private func fail(_ failure: RedisFailure) {
        self.failure = self.failure ?? failure
        close(.refused)
    }

    // MARK: What the transport tells

    override func ready() {
        var hello = RESPCommands()
        if let password = server.password {
            hello.command("HELLO", "3", "AUTH", server.user ?? "default", password)
        } else {
            hello.command("HELLO", "3")
        }
        _ = ask(hello)
    }

    override func arrived(_ bytes: UnsafeRawBufferPointer) {
        incoming.append(contentsOf: bytes)
        do {
            while awaited > 0, try readOne() {
                take()
                guard isOpen else { return }
            }
        } catch {
            return fail(.garbage("\(error)"))
        }
        if awaited == 0, !incoming.isEmpty { takeUnasked() }
    }

    /// Whether an answer is whole. By a copy of the reference: where exclusivity is not checked, as in what is shipped,
    /// a span of a class's own array is refused.
    private func readOne() throws -> Bool {
        let bytes = incoming
        return try reader.read(bytes.span.bytes)
    }

    /// Bytes without a question are only ever something that the server pushes.
    private func takeUnasked() {
        do {
            while let first = incoming.first {
                guard first == UInt8(ascii: ">") else {
                    return fail(.garbage("an answer that nobody asked for"))
                }
                guard try readOne() else { return }
                drop()
            }
        } catch {
            fail(.garbage("\(error)"))
        }
    }

    private func drop() {
        incoming.removeFirst(reader.offset)
        reader.reset()
    }

    /// One reply is whole.
    private func take() {
        let root = reader.values[reader.root]
        if root.kind == .push { return drop() }
        awaited -= 1
        setDeadline(awaited > 0 ? now + server.timeout : .distantFuture)
        if greeting == .done {
            told(.answered(reader, incoming))
        } else {
            greet(root)
        }
        if isOpen { drop() }
    }

    private func greet(_ answer: RESPValue) {
        let words = answer.kind == .error ? text(answer) : ""
        switch (greeting, answer.kind) {
        case (.version3, .error) where !words.hasPrefix("WRONGPASS") && !words.hasPrefix("NOAUTH"):
            // A server that does not know HELLO speaks version 2, or has no user for what it knows.
            guard let password = server.password else {
                greeting = .done
                return told(.ready)
            }
            greeting = .version2
            var commands = RESPCommands()
            if let user = server.user {
                commands.command("AUTH", user, password)
            } else {
                commands.command("AUTH", password)
            }
            _ = ask(commands)
        case (_, .error): fail(.refused(words))
        default:
            greeting = .done
            told(.ready)
        }
    }

    private func text(_ value: RESPValue) -> String {
        String(decoding: incoming[value.bytes].prefix(RedisConnection.wordsMost), as: UTF8.self)
    }

    /// Of what a server says for people.
    static let wordsMost = 200

    override func ended() { fail(.cut) }
    override func deadlinePassed() { fail(.timedOut) }

    override func closed(_ reason: StreamEnd) {
        let why = failure ?? tlsFailure.map { .tls($0.description) }
        told(.closed(why ?? (reason == .notConnected ? .notConnected : .cut)))
    }
}
