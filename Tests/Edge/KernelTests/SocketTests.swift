// Addresses as text and as the kernel has them, and the sockets that they lead to.
import Glibc
import Testing

@testable import Kernel

@Suite struct SocketTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:80"), ("0.0.0.0", "0.0.0.0:80"), ("255.255.255.255", "255.255.255.255:80"),
        ("::1", "[::1]:80"), ("::", "[::]:80"), ("2001:DB8:0:0::7", "[2001:db8::7]:80"),
        ("::ffff:10.0.0.1", "[::ffff:10.0.0.1]:80"),
    ])
    func readsLiterals(_ literal: String, _ description: String) throws {
        let address = try #require(SocketAddress(literal: literal, port: 80))
        #expect("\(address)" == description && address.port == 80)
        #expect(address == SocketAddress(resolving: literal, port: 80))
        #expect(address != SocketAddress(literal: literal, port: 81))
        #expect(Set([address, SocketAddress(literal: literal, port: 80)!]).count == 1)
    }

    @Test(arguments: [
        "", "localhost", "127.0.0", "127.0.0.1.1", "256.0.0.1", "127.1", " 127.0.0.1", "::g", "[::1]",
        "1::2::3",
    ])
    func refusesWhatIsNoLiteral(_ text: String) {
        #expect(SocketAddress(literal: text, port: 1) == nil)
    }

    @Test func resolvesNames() {
        #expect(
            ["127.0.0.1:7", "[::1]:7"].contains(
                SocketAddress(resolving: "localhost", port: 7).map { "\($0)" }))
        #expect(SocketAddress(resolving: "no-such-host.invalid", port: 7) == nil)
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func connectsAndMovesBytes(_ literal: String) throws {
        let any = SocketAddress(literal: literal, port: 0)!
        let listener = try Kernel.listen(on: any, backlog: 4)
        let address = try Kernel.localAddress(of: listener)
        #expect(address.port != 0 && address.family == any.family)
        let sharing = try Kernel.listen(on: address, backlog: 4)
        Kernel.close(sharing)
        let caller = try Kernel.streamSocket(family: address.family)
        defer { for descriptor in [listener, caller] { Kernel.close(descriptor) } }
        let result = Kernel.connect(caller, to: address)
        #expect(result == 0 || result == -Int(EINPROGRESS))
        #expect(Kernel.pendingError(of: caller) == nil)
        let server = Descriptor(Kernel.accept(listener))
        try #require(server >= 0)
        defer { Kernel.close(server) }
        #expect(Kernel.accept(listener) == -Int(EAGAIN))
        var bytes = [UInt8](repeating: 0, count: 8)
        #expect(
            bytes.withUnsafeMutableBytes { Kernel.receive(server, into: $0) } == -Int(EAGAIN),
            "it does not wait")
        _ = Array("abc".utf8).withUnsafeBytes { Kernel.sendNow(caller, $0) }
        Faults.inject(Fault(.receive, .short(2)))
        defer { Faults.clear() }
        #expect(bytes.withUnsafeMutableBytes { Kernel.receive(server, into: $0) } == 2)
        Kernel.shutdown(caller, .sending)
        #expect(bytes.withUnsafeMutableBytes { Kernel.receive(server, into: $0) } == 1)
        #expect(bytes.withUnsafeMutableBytes { Kernel.receive(server, into: $0) } == 0)
    }

    @Test func aRefusedConnectionIsKeptForWhoAsks() throws {
        let listener = try Kernel.listen(on: SocketAddress(literal: "127.0.0.1", port: 0)!, backlog: 1)
        let address = try Kernel.localAddress(of: listener)
        Kernel.close(listener)
        let caller = try Kernel.streamSocket(family: AF_INET)
        defer { Kernel.close(caller) }
        let result = Kernel.connect(caller, to: address)
        if result == -Int(EINPROGRESS) {
            #expect(Kernel.pendingError(of: caller) == .connectionRefused)
        } else {
            #expect(result == -Int(ECONNREFUSED))
        }
    }

    @Test func setUpFailuresAreThrown() throws {
        let address = SocketAddress(literal: "127.0.0.1", port: 0)!
        for call in [SystemCall.socket, .option, .bind, .listen] {
            Faults.inject(Fault(call, .fail(.notPermitted)))
            defer { Faults.clear() }
            #expect(throws: Errno.notPermitted) { try Kernel.listen(on: address, backlog: 1) }
        }
    }

    @Test(arguments: [
        ("/run/systemd/notify", true), ("@abstract", true), ("", false), ("relative", false), ("/", false),
        ("@", false), ("/" + String(repeating: "x", count: 106), true),
        ("/" + String(repeating: "x", count: 107), false),
        ("/a\u{0}b", false),
    ])
    func readsLocalAddresses(_ text: String, _ isAddress: Bool) {
        #expect((LocalAddress(text) != nil) == isAddress, "\(text)")
    }
}
