// Status codes with their reasons (RFC 9110 §15), each with its whole status line, so that writing one is a
// copy.

public struct Status: Equatable, Sendable {
    public let code: UInt16
    /// The status line with its CR LF.
    @usableFromInline let line: StaticString

    init(_ code: UInt16, _ line: StaticString) {
        self.code = code
        self.line = line
    }

    public static func == (left: Status, right: Status) -> Bool { left.code == right.code }

    public static var `continue`: Status { Status(100, "HTTP/1.1 100 Continue\r\n") }
    public static var ok: Status { Status(200, "HTTP/1.1 200 OK\r\n") }
    public static var accepted: Status { Status(202, "HTTP/1.1 202 Accepted\r\n") }
    public static var noContent: Status { Status(204, "HTTP/1.1 204 No Content\r\n") }
    public static var found: Status { Status(302, "HTTP/1.1 302 Found\r\n") }
    public static var notModified: Status { Status(304, "HTTP/1.1 304 Not Modified\r\n") }
    public static var badRequest: Status { Status(400, "HTTP/1.1 400 Bad Request\r\n") }
    public static var unauthorized: Status { Status(401, "HTTP/1.1 401 Unauthorized\r\n") }
    public static var forbidden: Status { Status(403, "HTTP/1.1 403 Forbidden\r\n") }
    public static var notFound: Status { Status(404, "HTTP/1.1 404 Not Found\r\n") }
    public static var methodNotAllowed: Status { Status(405, "HTTP/1.1 405 Method Not Allowed\r\n") }
    public static var requestTimeout: Status { Status(408, "HTTP/1.1 408 Request Timeout\r\n") }
    public static var conflict: Status { Status(409, "HTTP/1.1 409 Conflict\r\n") }
    public static var gone: Status { Status(410, "HTTP/1.1 410 Gone\r\n") }
    public static var created: Status { Status(201, "HTTP/1.1 201 Created\r\n") }
    public static var preconditionFailed: Status { Status(412, "HTTP/1.1 412 Precondition Failed\r\n") }
    public static var unprocessableContent: Status { Status(422, "HTTP/1.1 422 Unprocessable Content\r\n") }
    public static var preconditionRequired: Status { Status(428, "HTTP/1.1 428 Precondition Required\r\n") }
    public static var contentTooLarge: Status { Status(413, "HTTP/1.1 413 Content Too Large\r\n") }
    public static var uriTooLong: Status { Status(414, "HTTP/1.1 414 URI Too Long\r\n") }
    public static var unsupportedMediaType: Status {
        Status(415, "HTTP/1.1 415 Unsupported Media Type\r\n")
    }
    public static var expectationFailed: Status { Status(417, "HTTP/1.1 417 Expectation Failed\r\n") }
    public static var tooManyRequests: Status { Status(429, "HTTP/1.1 429 Too Many Requests\r\n") }
    public static var headerFieldsTooLarge: Status {
        Status(431, "HTTP/1.1 431 Request Header Fields Too Large\r\n")
    }
    public static var internalServerError: Status { Status(500, "HTTP/1.1 500 Internal Server Error\r\n") }
    public static var notImplemented: Status { Status(501, "HTTP/1.1 501 Not Implemented\r\n") }
    public static var badGateway: Status { Status(502, "HTTP/1.1 502 Bad Gateway\r\n") }
    public static var serviceUnavailable: Status { Status(503, "HTTP/1.1 503 Service Unavailable\r\n") }
    public static var versionNotSupported: Status {
        Status(505, "HTTP/1.1 505 HTTP Version Not Supported\r\n")
    }
}
