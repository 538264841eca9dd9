// Which handler answers which path. A look-up is one hash of the path and one comparison, however many routes
// there are.

/// Routes of a server, fixed once it runs.
public struct Router: ~Copyable {
    public typealias Handler = (borrowing Request, inout Response) -> Void

    private struct Entry {
        let method: Method
        let answersHead: Bool
        let handler: Handler

        var allowed: String { answersHead ? "GET, HEAD" : "\(method.token)" }
    }

    private final class Route {
        let path: StaticString
        let handlers: [Entry]
        /// The value of `allow`.
        let allow: [UInt8]

        init(_ path: StaticString, _ handlers: [Entry]) {
            self.path = path
            self.handlers = handlers
            allow = Array(handlers.map(\.allowed).joined(separator: ", ").utf8)
        }
    }

    /// Held by hand: nothing is counted for a request.
    private var routes: [Unmanaged<Route>] = []
    /// Open addressing: an index into `routes`, or -1. Never more than half full.
    private var table: [Int16] = [-1, -1]
    /// A route takes methods that HTTP does not name.
    private var takesOtherMethods = false

    public init() {}

    deinit { for route in routes { route.release() } }

    /// Adds a route. A GET answers HEAD as well, unless it changes something: who only looks changes nothing.
    public mutating func add(
        _ method: Method, _ path: StaticString, changes: Bool = false, _ handler: @escaping Handler
    ) {
        let entry = Entry(method: method, answersHead: method == .get && !changes, handler: handler)
        if method == .other { takesOtherMethods = true }
        if let index = routes.firstIndex(where: { $0.takeUnretainedValue().path.isSame(as: path) }) {
            let route = routes[index].takeRetainedValue()
            routes[index] = .passRetained(Route(path, route.handlers + [entry]))
            return
        }
        routes.append(.passRetained(Route(path, [entry])))
        while table.count < routes.count * 2 { table += table }
        table = Array(repeating: -1, count: table.count)
        for (index, route) in routes.enumerated() {
            var slot = route.takeUnretainedValue().path.withUTF8Buffer {
                Router.hash(UnsafeRawBufferPointer($0).bytes)
            }
            while table[slot & (table.count - 1)] >= 0 { slot += 1 }
            table[slot & (table.count - 1)] = Int16(index)
        }
    }

    /// Answers the request: by its handler, or 404 where there is no such path, or 405 with the methods that
    /// the path has, or 501 where no path knows the method (RFC 9110 §9.1).
    public func respond(to request: borrowing Request, _ response: inout Response) {
        guard let route = find(request.path) else { return respondWithoutRoute(request.method, &response) }
        route._withUnsafeGuaranteedRef { route in
            let isHead = request.method == .head
            request.note(route: route.path)
            for index in route.handlers.indices
            where isHead ? route.handlers[index].answersHead : route.handlers[index].method == request.method
            {
                return route.handlers[index].handler(request, &response)
            }
            if isUnknown(request.method) { return respondWithoutRoute(request.method, &response) }
            response.status = .methodNotAllowed
            route.allow.withUnsafeBytes { response.header("allow", $0.bytes) }
            response.write("This path does not know the method.\n")
        }
    }

    private func isUnknown(_ method: Method) -> Bool { method == .other && !takesOtherMethods }

    private func respondWithoutRoute(_ method: Method, _ response: inout Response) {
        guard isUnknown(method) else {
            response.status = .notFound
            response.write("No such path.\n")
            return
        }
        response.status = .notImplemented
        response.write("This server does not know the method.\n")
    }

    private func find(_ path: RawSpan) -> Unmanaged<Route>? {
        var slot = Router.hash(path)
        while true {
            let index = Int(table[slot & (table.count - 1)])
            if index < 0 { return nil }
            let route = routes[index]
            let found = route._withUnsafeGuaranteedRef {
                ByteRange(start: 0, count: path.byteCount).equals($0.path, in: path)
            }
            if found { return route }
            slot += 1
        }
    }

    /// Of the length and the last eight bytes, in which paths differ most. Their upper half is folded into the lower one, as a bit of
    /// a product knows only of those below it; the multiplier is the golden ratio's.
    private static func hash(_ path: RawSpan) -> Int {
        let count = path.byteCount
        var last: UInt64 = 0
        if count >= 8 {
            last = path.word(at: count &- 8)
        } else if count >= 4 {
            // Two halves that overlap.
            last = UInt64(path.half(at: 0)) &<< 32 | UInt64(path.half(at: count &- 4))
        } else {
            for index in 0..<count { last = last &<< 8 | UInt64(path[index]) }
        }
        return Int(((last ^ last &>> 32 ^ UInt64(count)) &* 0x9E37_79B9_7F4A_7C15) >> 32)
    }
}

extension StaticString {
    fileprivate func isSame(as other: StaticString) -> Bool {
        withUTF8Buffer { a in other.withUTF8Buffer { b in a.elementsEqual(b) } }
    }
}

extension Method {
    /// As it stands in a request line; of a method without a name here, nothing.
    public var token: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .connect: "CONNECT"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .patch: "PATCH"
        case .other: ""
        }
    }
}
