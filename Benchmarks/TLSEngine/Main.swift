// The TLS engine by itself: a client and a server session in memory, with only the server's time counted.
// Says what OpenSSL and our way of driving it cost before any socket is involved. One JSON object a line.
import Glibc
import Kernel
import TLS
import TestCertificates
import Units

/// Server time of one kind of work, over enough rounds that a clock reading around each call does not show.
struct Stopwatch {
    var spent = Interval.zero

    mutating func time<Result>(_ body: () -> Result) -> Result {
        let before = Kernel.monotonicNow()
        defer { spent = spent + (Kernel.monotonicNow() - before) }
        return body()
    }
}

/// Two sessions and the chunks between them.
struct Loop {
    static let chunkBytes = 64 * 1024

    let client: TLSSession
    let server: TLSSession
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 64)
    let plaintext = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 64)

    func free() {
        chunk.deallocate()
        plaintext.deallocate()
    }

    /// Gives one side what the other has written, and returns what it answers.
    func pass(_ bytes: Int, to session: TLSSession) -> Int {
        // The answer goes to the upper half, the message lies in the lower.
        let half = Loop.chunkBytes / 2
        var input = UnsafeRawBufferPointer(rebasing: chunk[..<bytes])
        var output = TLSOutput(UnsafeMutableRawBufferPointer(rebasing: chunk[half...]))
        while case .bytes = session.read(&input, into: plaintext, &output) {}
        precondition(session.failure == nil, "\(session.failure?.description ?? "")")
        chunk.copyMemory(from: output.written)
        return output.count
    }

    func shakeHands(_ watch: inout Stopwatch) {
        var first = TLSOutput(chunk)
        client.start(&first)
        var bytes = first.count
        while bytes > 0 {
            bytes = watch.time { pass(bytes, to: server) }
            if bytes > 0 { bytes = pass(bytes, to: client) }
        }
        precondition(server.isEstablished && client.isEstablished)
    }
}

func report(_ name: String, _ value: Double, _ unit: String) {
    let rounded = (value * 10).rounded() / 10
    print(#"{"bench":"tls-engine","case":"\#(name)","ours":\#(rounded),"unit":"\#(unit)"}"#)
}

/// Memory of the process that is in use, by the kernel's count.
func residentBytes() throws -> Int {
    let pages = try Kernel.contents(of: "/proc/self/statm", limit: 4096).split(separator: UInt8(ascii: " "))[
        1]
    return (Int(String(decoding: pages, as: UTF8.self)) ?? 0) * 4096
}

func settings(_ key: TestKey, resumption: Bool) -> (server: TLSConfiguration, client: TLSConfiguration) {
    let authority = TestAuthority()
    let certificate = authority.issue("server", ["DNS:localhost"], key: key)
    var server = TLSConfiguration.server(certificate: .pem(certificate.chain), key: .pem(certificate.key))
    var client = TLSConfiguration.client(trust: .authorities(.pem(authority.certificate)))
    server.resumption = resumption
    client.resumption = resumption
    return (server, client)
}

func handshakes(_ name: String, _ key: TestKey, resumption: Bool, rounds: Int) throws {
    let (serverSettings, clientSettings) = settings(key, resumption: resumption)
    let serverContext = try TLSContext(.server, serverSettings)
    let clientContext = try TLSContext(.client, clientSettings)
    var watch = Stopwatch()
    for round in 0..<rounds + rounds / 10 {
        if round == rounds / 10 { watch = Stopwatch() }
        let server = try watch.time { Result { try TLSSession(server: serverContext) } }.get()
        let loop = Loop(client: try TLSSession(client: clientContext, to: .host("localhost")), server: server)
        loop.shakeHands(&watch)
        precondition(round == 0 || server.isResumed == resumption)
        loop.free()
    }
    report("\(name), server's part", Double(rounds) / (Double(watch.spent.nanoseconds) / 1e9), "handshakes/s")
}

func bulk(rounds: Int) throws {
    let (serverSettings, clientSettings) = settings(.ecdsa, resumption: false)
    let loop = Loop(
        client: try TLSSession(client: TLSContext(.client, clientSettings), to: .host("localhost")),
        server: try TLSSession(server: TLSContext(.server, serverSettings)))
    var watch = Stopwatch()
    loop.shakeHands(&watch)
    for size in [300, 4096, 16_384, 60_000] {
        let data = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        data.initializeMemory(as: UInt8.self, repeating: 7)
        var sealing = Stopwatch()
        var opening = Stopwatch()
        let times = max(1, rounds / (size / 300))
        for _ in 0..<times {
            var output = TLSOutput(loop.chunk)
            _ = sealing.time { loop.server.write(UnsafeRawBufferPointer(data), &output) }
            var input = output.written
            var answer = TLSOutput(UnsafeMutableRawBufferPointer(start: nil, count: 0))
            _ = opening.time { loop.client.read(&input, into: loop.plaintext, &answer) }
            precondition(input.isEmpty)
        }
        let megabytes = Double(times * size) / 1e6
        report("seal \(size) bytes", megabytes / (Double(sealing.spent.nanoseconds) / 1e9), "MB/s")
        report("seal \(size) bytes", Double(sealing.spent.nanoseconds) / Double(times), "ns")
        report("open \(size) bytes", megabytes / (Double(opening.spent.nanoseconds) / 1e9), "MB/s")
        report("open \(size) bytes", Double(opening.spent.nanoseconds) / Double(times), "ns")
        data.deallocate()
    }
    loop.free()
}

/// Handshakes on several threads that share one context, against one thread: what locks inside OpenSSL cost.
func scaling(threads: Int, rounds: Int) throws {
    let (serverSettings, clientSettings) = settings(.ecdsa, resumption: false)
    let serverContext = try TLSContext(.server, serverSettings)
    let clientContext = try TLSContext(.client, clientSettings)
    let work: @Sendable () -> Void = {
        var watch = Stopwatch()
        for _ in 0..<rounds {
            guard let server = try? TLSSession(server: serverContext),
                let client = try? TLSSession(client: clientContext, to: .host("localhost"))
            else { return }
            let loop = Loop(client: client, server: server)
            loop.shakeHands(&watch)
            loop.free()
        }
    }
    let begin = Kernel.monotonicNow()
    let other: Thread? = threads > 1 ? try Thread(name: "other", work) : nil
    work()
    other?.join()
    let spent = Double((Kernel.monotonicNow() - begin).nanoseconds) / 1e9
    report("both parts on \(threads) threads", Double(threads * rounds) / spent, "handshakes/s")
}

func idleMemory(count: Int) throws {
    let (serverSettings, clientSettings) = settings(.ecdsa, resumption: true)
    let serverContext = try TLSContext(.server, serverSettings)
    let clientContext = try TLSContext(.client, clientSettings)
    var held: [TLSSession] = []
    held.reserveCapacity(count)
    var watch = Stopwatch()
    var before = 0
    for round in 0..<count + 10 {
        if round == 10 { before = try residentBytes() }
        let loop = Loop(
            client: try TLSSession(client: clientContext, to: .host("localhost")),
            server: try TLSSession(server: serverContext))
        loop.shakeHands(&watch)
        loop.free()
        if round >= 10 { held.append(loop.server) }
    }
    report("idle established session", Double(try residentBytes() - before) / Double(held.count), "bytes")
}

/// `bench-tls-engine [CASE]`: one case, or all of them.
@main struct Main {
    static func main() throws {
        let wanted = CommandLine.arguments.dropFirst().first
        let cases: [(String, () throws -> Void)] = [
            (
                "full-ecdsa",
                { try handshakes("full ECDSA P-256 1.3", .ecdsa, resumption: false, rounds: 2_000) }
            ),
            ("full-rsa", { try handshakes("full RSA-2048 1.3", .rsa2048, resumption: false, rounds: 500) }),
            ("resumed", { try handshakes("resumed 1.3", .ecdsa, resumption: true, rounds: 2_000) }),
            ("threads", { for threads in 1...2 { try scaling(threads: threads, rounds: 1_000) } }),
            ("bulk", { try bulk(rounds: 200_000) }),
            ("idle", { try idleMemory(count: 1_000) }),
        ]
        for (name, run) in cases where wanted == nil || wanted == name { try run() }
    }
}
