// Transactions against a real etcd: what holds is done as a whole, what does not is not done, and who is silent is passed over.
import EtcdServer
import HTTP
import Kernel
import Reactor
import Testing
import Units

@testable import Etcd

@Suite struct Base64Tests {
    /// RFC 4648, 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func itIsThatOfTheSpecification(text: String, encoded: String) {
        #expect(Base64.encode(text.utf8) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test(arguments: ["Zg", "Zh==", "Zg=", "Z", "Zm9v=", "Zm-v", "Zg==Zg=="])
    func anotherSpellingIsNone(text: String) { #expect(Base64.decode(text) == nil) }
}

@Suite(.enabled(if: etcdProgram != nil, "\(needsEtcd)"), .serialized)
struct EtcdTests {
    private let reactor: Reactor

    init() throws { reactor = try Reactor(.automatic) }

    private func client(_ ports: UInt16...) -> EtcdClient {
        let members = ports.map {
            let address = SocketAddress(literal: "127.0.0.1", port: $0)!
            return Endpoint(address: address, authority: "\(address)")
        }
        return EtcdClient(members, over: Client(reactor: reactor), timeout: .seconds(2))
    }

    private func run(_ client: EtcdClient, _ transaction: EtcdTransaction) throws -> EtcdResult {
        var result: Result<EtcdResult, EtcdFailure>?
        client.run(transaction) { [reactor] in
            result = $0
            reactor.stop()
        }
        try reactor.run()
        return try #require(result).get()
    }

    @Test func whatHoldsIsDoneAsAWhole() throws {
        let server = try EtcdServer()
        let client = client(server.port)
        let first = try run(
            client,
            EtcdTransaction(
                if: [.isAbsent("t:line")], [.put("t:line", value: "1"), .put("t:s:7", value: "3")]))
        #expect(first == EtcdResult(isDone: true, found: [:]))
        let again = try run(client, EtcdTransaction(if: [.isAbsent("t:line")], [.put("t:s:7", value: "4")]))
        #expect(!again.isDone)
        let other = try run(
            client,
            EtcdTransaction(
                if: [.has("t:line", value: "2")], [.put("t:s:7", value: "5"), .readAll(prefix: "t:s:")]))
        #expect(other == EtcdResult(isDone: false, found: [:]))
        let moved = try run(
            client,
            EtcdTransaction(
                if: [.has("t:line", value: "1")],
                [.put("t:line", value: "2"), .put("t:s:8", value: ""), .readAll(prefix: "t:s:")]))
        #expect(moved == EtcdResult(isDone: true, found: ["t:s:7": "3", "t:s:8": ""]))
        // One of two conditions holds: what was asked for otherwise is read.
        let both = try run(
            client,
            EtcdTransaction(
                if: [.has("t:line", value: "2"), .isAbsent("t:s:7")], [.put("t:line", value: "3")],
                otherwise: [.read("t:line"), .read("t:s:7")]))
        #expect(both == EtcdResult(isDone: false, found: ["t:line": "2", "t:s:7": "3"]))
        // A key of a longer prefix's neighbour is none of them.
        _ = try run(client, EtcdTransaction([.put("t:s;", value: "x"), .delete("t:s:7")]))
        let all = try run(client, EtcdTransaction([.read("t:line"), .readAll(prefix: "t:s:")]))
        #expect(all == EtcdResult(isDone: true, found: ["t:line": "2", "t:s:8": ""]))
    }

    @Test func whoIsSilentIsPassedOver() throws {
        let server = try EtcdServer()
        // Nobody listens at the discard port.
        let client = client(9, server.port)
        let put = EtcdTransaction([.put("t:a", value: "1")])
        #expect(try run(client, put).isDone)
        server.stop()
        #expect(throws: EtcdFailure.self) { try run(client, put) }
        try server.start()
        #expect(try run(client, EtcdTransaction([.read("t:a")])).found == ["t:a": "1"])
    }
}
