// Everything that the grammar refuses: the status to answer, the reason to count and log, and the sentence
// for the peer. After any refusal the connection closes, because where the next message begins is not
// certain.

/// Why a message was not accepted.
public enum Refusal: UInt8, CaseIterable, Sendable {
    // The start line.
    case malformedRequestLine, invalidMethod, invalidTarget, requestLineTooLong, unsupportedVersion
    case http2Preface, malformedStatusLine, statusLineTooLong, unexpectedUpgrade
    // Lines and fields.
    case bareLineFeed, bareCarriageReturn, controlByte, leadingBlankLines, foldedLine, spaceBeforeColon
    case emptyFieldName, invalidFieldName, missingColon, headTooLarge, tooManyFields
    // Host and expectations.
    case missingHost, repeatedHost, invalidHost, unknownExpectation
    // Framing.
    case invalidContentLength, repeatedContentLength, invalidTransferEncoding, repeatedTransferEncoding
    case transferEncodingInHTTP10, transferEncodingWithContentLength, unsupportedTransferCoding
    // Bodies.
    case invalidChunkSize, invalidChunkExtension, chunkExtensionsTooLong, invalidChunkEnd
    case invalidTrailer, trailersTooLong, bodyTooLarge

    /// The status that a server answers. What only a response can be guilty of is a bad gateway.
    public var status: Status {
        switch self {
        case .requestLineTooLong: .uriTooLong
        case .headTooLarge, .tooManyFields, .trailersTooLong: .headerFieldsTooLarge
        case .unsupportedVersion, .http2Preface: .versionNotSupported
        case .malformedStatusLine, .statusLineTooLong, .unexpectedUpgrade: .badGateway
        case .unknownExpectation: .expectationFailed
        case .unsupportedTransferCoding: .notImplemented
        case .bodyTooLarge: .contentTooLarge
        default: .badRequest
        }
    }

    /// The reason in one word, as it stands in logs and as a counter's label.
    public var reason: StaticString { text.reason }

    /// The sentence that the peer reads. It never repeats what the peer sent.
    public var sentence: StaticString { text.sentence }

    private var text: (reason: StaticString, sentence: StaticString) {
        switch self {
        case .malformedRequestLine:
            ("malformed_request_line", "The request line is not a method, a target and a version.\n")
        case .invalidMethod: ("invalid_method", "The method is not a token.\n")
        case .invalidTarget: ("invalid_target", "The request target is not valid for this method.\n")
        case .requestLineTooLong: ("request_line_too_long", "The request line is too long.\n")
        case .unsupportedVersion: ("unsupported_version", "Only HTTP/1.0 and HTTP/1.1 are spoken here.\n")
        case .http2Preface: ("http2_preface", "HTTP/2 is not spoken here: use HTTP/1.1.\n")
        case .malformedStatusLine: ("malformed_status_line", "The status line is malformed.\n")
        case .statusLineTooLong: ("status_line_too_long", "The status line is too long.\n")
        case .unexpectedUpgrade: ("unexpected_upgrade", "The protocol was switched without being asked.\n")
        case .bareLineFeed: ("bare_line_feed", "A line ends with LF instead of CR LF.\n")
        case .bareCarriageReturn: ("bare_carriage_return", "A CR is not followed by LF.\n")
        case .controlByte: ("control_byte", "The head holds a control byte.\n")
        case .leadingBlankLines: ("leading_blank_lines", "Too many blank lines before the message.\n")
        case .foldedLine: ("folded_line", "A header line begins with a space or a tab.\n")
        case .spaceBeforeColon: ("space_before_colon", "A header name is followed by a space.\n")
        case .emptyFieldName: ("empty_field_name", "A header has no name.\n")
        case .invalidFieldName: ("invalid_field_name", "A header name is not a token.\n")
        case .missingColon: ("missing_colon", "A header line has no colon.\n")
        case .headTooLarge: ("head_too_large", "The head is too large.\n")
        case .tooManyFields: ("too_many_fields", "The head has too many headers.\n")
        case .missingHost: ("missing_host", "The Host header is missing.\n")
        case .repeatedHost: ("repeated_host", "The Host header is repeated.\n")
        case .invalidHost: ("invalid_host", "The Host is not valid.\n")
        case .unknownExpectation: ("unknown_expectation", "Only Expect: 100-continue is supported.\n")
        case .invalidContentLength: ("invalid_content_length", "Content-Length is not a length.\n")
        case .repeatedContentLength: ("repeated_content_length", "Content-Length is repeated.\n")
        case .invalidTransferEncoding:
            ("invalid_transfer_encoding", "Transfer-Encoding is not exactly chunked.\n")
        case .repeatedTransferEncoding: ("repeated_transfer_encoding", "Transfer-Encoding is repeated.\n")
        case .transferEncodingInHTTP10:
            ("transfer_encoding_in_http10", "HTTP/1.0 has no Transfer-Encoding.\n")
        case .transferEncodingWithContentLength:
            (
                "transfer_encoding_with_content_length",
                "Transfer-Encoding and Content-Length are both given.\n"
            )
        case .unsupportedTransferCoding:
            ("unsupported_transfer_coding", "The only transfer coding supported is chunked.\n")
        case .invalidChunkSize: ("invalid_chunk_size", "A chunk size is not a hexadecimal number.\n")
        case .invalidChunkExtension: ("invalid_chunk_extension", "A chunk extension is malformed.\n")
        case .chunkExtensionsTooLong: ("chunk_extensions_too_long", "The chunk extensions are too long.\n")
        case .invalidChunkEnd: ("invalid_chunk_end", "A chunk does not end with CR LF.\n")
        case .invalidTrailer: ("invalid_trailer", "A trailer is malformed.\n")
        case .trailersTooLong: ("trailers_too_long", "The trailers are too long.\n")
        case .bodyTooLarge: ("body_too_large", "The body is too large.\n")
        }
    }
}

/// What came of reading a head.
public enum HeadOutcome: Equatable, Sendable {
    /// The whole head was read; the body begins after so many bytes.
    case complete(headLength: Int)
    /// The blank line is not there yet: call again, with the same bytes and more after them.
    case incomplete
    case refused(Refusal)
}

/// How a message's body is delimited.
public enum BodyFraming: Equatable, Sendable {
    case none
    case length(Int)
    case chunked
    /// A response whose end is the end of the connection.
    case untilClose
}

public enum Version: UInt8, Equatable, Sendable {
    case http10, http11
}
