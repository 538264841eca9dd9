// The product's HTTP server with the two routes of the benches and nothing else: POST /bid answers 300 bytes
// of JSON, GET /bulk a megabyte of zeros. One shard on the thread that it starts on.
//
//     bench-server --port N [--backend auto|io_uring|epoll] [--spin MICROSECONDS] [--answer-bytes N]
//         [--tls-port N --certificate FILE --key FILE]
import Glibc
import HTTP
import Kernel
import Reactor
import TLS
import Units

/// The same answer as the peers': 300 bytes, where no other length is asked for.
final class Routes: Responder {
    private let router: Router

    init(answerBytes: Int) {
        let answer = Array(("{\"id\":\"" + String(repeating: "x", count: answerBytes - 9) + "\"}").utf8)
        let bulk = SharedBytes(Array(repeating: UInt8(0), count: 1 << 20))
        var router = Router()
        router.add(.post, "/bid") { _, response in
            response.contentType = "application/json"
            response.write(answer.span.bytes)
        }
        router.add(.get, "/bulk") { _, response in
            response.contentType = "application/octet-stream"
            response.shared = bulk
        }
        self.router = router
    }

    func respond(to request: borrowing Request, _ response: inout Response) {
        router.respond(to: request, &response)
    }
}

struct Arguments {
    var port: UInt16 = 0
    var tlsPort: UInt16 = 0
    var backend = DriverChoice.automatic
    /// As a node's settings have it.
    var spin = Interval.microseconds(50)
    var answerBytes = 300
    var certificate = ""
    var key = ""

    /// Nil where an argument is unknown, or lacks its value.
    init?(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { return nil }
            switch name {
            case "--port": port = UInt16(value) ?? 0
            case "--tls-port": tlsPort = UInt16(value) ?? 0
            case "--backend":
                guard let choice = DriverChoice(rawValue: value) else { return nil }
                backend = choice
            case "--spin":
                guard let microseconds = Int64(value), microseconds >= 0 else { return nil }
                spin = .microseconds(microseconds)
            case "--answer-bytes":
                guard let bytes = Int(value), bytes >= 9 else { return nil }
                answerBytes = bytes
            case "--certificate": certificate = value
            case "--key": key = value
            default: return nil
            }
        }
        if port == 0 { return nil }
    }
}

@main
enum Main {
    static func main() throws {
        guard let arguments = Arguments(CommandLine.arguments) else {
            print("usage: bench-server --port N [--backend auto|io_uring|epoll] [--spin MICROSECONDS]")
            print("           [--answer-bytes N]")
            print("           [--tls-port N --certificate FILE --key FILE]")
            exit(2)
        }
        var reactorLimits = ReactorLimits()
        reactorLimits.spin = arguments.spin
        let reactor = try Reactor(arguments.backend, limits: reactorLimits)
        var limits = ServerLimits()
        // A bench asks more on one connection than a client ever would.
        limits.requestsPerConnection = .max
        let server = Server(
            reactor: reactor, limits: limits, responder: Routes(answerBytes: arguments.answerBytes))
        try server.listen(on: loopback(arguments.port))
        if arguments.tlsPort > 0 {
            let configuration = TLSConfiguration.server(
                certificate: .file(arguments.certificate), key: .file(arguments.key))
            let credentials = try TLSCredentials(.server, configuration)
            try server.listen(on: loopback(arguments.tlsPort), credentials: credentials)
        }
        try reactor.run()
    }

    private static func loopback(_ port: UInt16) -> SocketAddress {
        guard let address = SocketAddress(literal: "127.0.0.1", port: port) else {
            preconditionFailure("127.0.0.1 is an address")
        }
        return address
    }
}
