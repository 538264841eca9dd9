// `paceline status`: asks a node who it is, whether it is ready, and how it does, as a client like any other.
import Commands
import Documents
import Glibc
import HTTP
import Kernel
import Reactor
import TLS
import Tracing
import Units

enum Status {
    static let urls = Parameter.arguments(
        "URL", WordKind.serverURL, atLeastOne: false,
        "One of a node's listeners; the operators' also tells how it does.")
    static let roster = Parameter.option(
        "roster", WordKind.file, "All of a fleet instead of one node: who is in it, as `./dev up` writes it.")
    static let certificate = Parameter.option(
        "certificate", WordKind.file, "Our certificate, for nodes that ask.")
    static let key = Parameter.option("key", WordKind.file, "The key of our certificate.")
    static let authorities = Parameter.option(
        "ca", WordKind.file, "The authorities that the node's certificate must come from, not the system's.")
    static let timeout = Parameter.option(
        "timeout", .integer(1...60), default: 5, "Seconds to wait for all answers together.")
    static let json = Parameter.jsonLine

    static let command = Command(
        "status", "Asks a node or a fleet how it does, and whether money is safe.",
        discussion: """
            Any listener of a node answers; the one for operators, which is `admin` in its settings, also has \
            the counts of requests and their times. Exits with 1 where the node is not ready or does not answer.

            With --roster all of a fleet are asked at once: whether the money is safe, what is down, who leads, and what \
            each region serves and delivers. The ledger's balances come from any coordinator; where none answers, what the \
            nodes hold and have spent is held against what their catalogs allow. Exits with 1 where something is down, \
            nobody leads, or the money is not safe. Times are UTC.
            """,
        parameters: [urls, roster, AdminClient.tokenFile, certificate, key, authorities, timeout, json],
        examples: [
            Example(
                "paceline status http://127.0.0.1:1", "Nobody listens there.", outcome: .failed,
                prints: "http://127.0.0.1:1: no connection; is the server running and reachable?"),
            Example(
                "paceline status --json --timeout 2 http://127.0.0.1:1", "The same for programs.",
                outcome: .failed),
            Example(
                "echo '\(RosterInput.exampleOfOne)' | paceline status --roster -",
                "A fleet of one coordinator, which is down.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        if let file = call[roster] {
            guard call[urls].isEmpty else {
                throw Failure("a URL is of one node, and --roster of a fleet", .usage)
            }
            return try FleetStatus.run(file, call, &output)
        }
        guard call[urls].count == 1, let url = call[urls].first else {
            throw Failure("one URL is needed, or --roster FILE", .usage)
        }
        let context = try tlsContext(call, secure: url.isSecure)
        guard let address = SocketAddress(resolving: url.host, port: url.port) else {
            return report(
                url, .unreachable("\(url): the name '\(url.host)' is not known here"), call, &output)
        }
        do {
            let node = try NodeConnection(url, address, context, within: .seconds(Int64(call[timeout])))
            return report(url, .answered(try node.status()), call, &output)
        } catch {
            return report(url, .unreachable(error.message), call, &output)
        }
    }

    /// Nil for plain HTTP.
    static func tlsContext(_ call: Invocation, secure: Bool) throws(Failure) -> TLSContext? {
        let (certificate, key) = (call[Status.certificate], call[Status.key])
        let authorities = call[Status.authorities]
        guard (certificate == nil) == (key == nil) else {
            throw Failure("--certificate and --key go together", .usage)
        }
        guard secure else {
            if certificate == nil, authorities == nil { return nil }
            throw Failure("certificates are for https:// only", .usage)
        }
        do {
            return try TLSContext(
                .client,
                .client(
                    trust: authorities.map { .authorities(.file($0)) } ?? .system,
                    certificate: certificate.map { .file($0) }, key: key.map { .file($0) }))
        } catch {
            throw Failure("\(error)")
        }
    }

    private enum Finding {
        case unreachable(String)
        case answered(NodeStatus)
    }

    private static func report(
        _ url: ServerURL, _ finding: Finding, _ call: Invocation, _ output: inout Output
    ) -> Outcome {
        switch finding {
        case .unreachable(let why):
            if call[json] {
                output.print(["url": .string(url.description), "ready": false, "problem": .string(why)])
            } else {
                output.print(why)
            }
            return .failed
        case .answered(let status):
            if call[json] {
                output.print(status.tree(of: url.description))
            } else {
                for line in status.lines { output.print(line) }
            }
            return status.reasons.isEmpty ? .ok : .failed
        }
    }
}

/// A node as it answers a few questions, one after another on one connection.
struct NodeConnection: ~Copyable {
    private let reactor: Reactor
    private let client: Client
    private let endpoint: Endpoint
    private let deadline: Instant
    init(
        _ url: ServerURL, _ address: SocketAddress, _ context: TLSContext?, within time: Interval
    ) throws(Failure) {
        do {
            var limits = ReactorLimits()
            limits.streams = 8  // one connection, and what a retry may need
            limits.outputBytes = 64 * 1024 * 1024  // a whole catalog
            reactor = try Reactor(.poller, limits: limits)
        } catch {
            throw Failure("could not set up I/O: \(error)")
        }
        client = Client(reactor: reactor, context: context)
        endpoint = Endpoint(
            address: address, authority: url.authority, server: context == nil ? nil : .host(url.host))
        deadline = reactor.now + time
    }

    /// What `TRACEPARENT` and `TRACESTATE` say, which programs hand to those that they start: whoever answers joins the
    /// trace of whoever started us. Read once, so that what is wrong with it is said once; nothing is refused for it.
    private static let trace: [(name: StaticString, value: String)] = {
        guard let parent = Kernel.environment("TRACEPARENT"), !parent.isEmpty else { return [] }
        guard let context = TraceContext(traceparent: parent.utf8.span.bytes) else {
            var output = Output(standardOutput: STDOUT_FILENO, standardError: STDERR_FILENO)
            output.complain(
                "TRACEPARENT in the environment is '\(parent)', and not 00-, 32 and 16 hexadecimal digits and 01 or 00 with dashes between; going on without it. Correct it, or unset it"
            )
            return []
        }
        var headers: [(name: StaticString, value: String)] = [("traceparent", context.traceparent)]
        if let state = Kernel.environment("TRACESTATE"), TraceState.isPassedOn(state.utf8.span.bytes) {
            headers.append(("tracestate", state))
        }
        return headers
    }()

    func status() throws(Failure) -> NodeStatus {
        let (identity, readiness) = (try get("/v1/node"), try get("/readyz"))
        let metrics = try get("/metrics")
        do {
            return try NodeStatus(identity, readiness, metrics.status == 200 ? metrics : nil)
        } catch {
            throw Failure("\(endpoint): answers, but not as a node of Paceline: \(error.why)")
        }
    }

    func get(_ path: String) throws(Failure) -> ClientResponse { try ask(.get, path, [], []) }

    func ask(
        _ method: HTTP.Method, _ path: String, _ headers: [(name: StaticString, value: String)],
        _ body: [UInt8]
    ) throws(Failure) -> ClientResponse {
        var result: Result<ClientResponse, ClientFailure>?
        var request = ClientRequest(method, endpoint, path)
        request.headers = headers + Self.trace
        request.body = body
        client.send(request, deadline: deadline) { result = $0 }
        while true {
            switch result {
            case .success(let response)?: return response
            case .failure(let failure)?: throw Failure("\(failure)")
            case nil: break
            }
            do {
                try reactor.turn(until: deadline)
            } catch {
                throw Failure("the kernel ended our I/O: \(error)")
            }
        }
    }
}
