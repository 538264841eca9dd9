// Ours: the same fields as the peer's, pulled by a loop over fields.
import JSON

/// Pulls the fields of bid requests and sums what they are.
enum Walker {
    /// Room for any of the documents.
    static let largest = 16 * 1024

    /// Walks all the documents that stand in these bytes, one behind the other.
    static func walk(
        _ bytes: RawSpan, _ documents: [Range<Int>], _ scratch: inout JSONScratch, _ buffer: inout [UInt8]
    ) throws(JSONError) -> Double {
        var sum = 0.0
        for range in documents {
            let document = try JSONDocument(bytes.extracting(range), scratch: &scratch)
            sum += try request(document.root.object(), &buffer)
        }
        return sum
    }

    private static func text(_ value: JSONValue, _ buffer: inout [UInt8]) throws(JSONError) -> Double {
        let text = try value.string()
        if text.isEscaped {
            var span = buffer.mutableSpan
            var target = span.mutableBytes
            let count = try text.unescape(into: &target)
            return sum(target.bytes.extracting(first: count))
        }
        return sum(text.raw)
    }

    @inline(__always)
    private static func sum(_ text: RawSpan) -> Double {
        let count = text.byteCount
        guard count > 0 else { return 0 }
        return Double(count) + Double(text.unsafeLoad(as: UInt8.self))
            + Double(text.unsafeLoad(fromByteOffset: count - 1, as: UInt8.self))
    }

    private static func request(_ object: JSONObject, _ buffer: inout [UInt8]) throws(JSONError) -> Double {
        var object = object
        var sum = 0.0
        while let field = object.next() {
            switch field.key {
            case "id": sum += try text(field.value, &buffer)
            case "tmax", "at": sum += Double(try field.value.int64())
            case "imp":
                var imps = try field.value.array()
                while let value = imps.next() { sum += try imp(value.object(), &buffer) }
            case "site": sum += try site(field.value.object(), &buffer)
            case "device": sum += try device(field.value.object(), &buffer)
            case "cur":
                var currencies = try field.value.array()
                while let value = currencies.next() { sum += try text(value, &buffer) }
            case "user":
                var user = try field.value.object()
                while let field = user.next() {
                    switch field.key {
                    case "id", "buyeruid": sum += try text(field.value, &buffer)
                    default: break
                    }
                }
            case "regs":
                var regs = try field.value.object()
                while let field = regs.next() {
                    if field.key == "coppa" { sum += Double(try field.value.int64()) }
                }
            case "source":
                var source = try field.value.object()
                while let field = source.next() {
                    if field.key == "tid" { sum += try text(field.value, &buffer) }
                }
            default: break
            }
        }
        return sum
    }

    private static func imp(_ object: JSONObject, _ buffer: inout [UInt8]) throws(JSONError) -> Double {
        var object = object
        var sum = 0.0
        while let field = object.next() {
            switch field.key {
            case "id", "tagid", "bidfloorcur": sum += try text(field.value, &buffer)
            case "bidfloor": sum += try field.value.double()
            case "secure": sum += Double(try field.value.int64())
            case "video": sum += try video(field.value.object())
            default: break
            }
        }
        return sum
    }

    private static func video(_ object: JSONObject) throws(JSONError) -> Double {
        var object = object
        var sum = 0.0
        while let field = object.next() {
            switch field.key {
            case "minduration", "maxduration", "w", "h", "startdelay", "linearity":
                sum += Double(try field.value.int64())
            case "protocols":
                var protocols = try field.value.array()
                while let value = protocols.next() { sum += Double(try value.int64()) }
            default: break
            }
        }
        return sum
    }

    private static func site(_ object: JSONObject, _ buffer: inout [UInt8]) throws(JSONError) -> Double {
        var object = object
        var sum = 0.0
        while let field = object.next() {
            switch field.key {
            case "id", "domain", "page": sum += try text(field.value, &buffer)
            case "cat":
                var categories = try field.value.array()
                while let value = categories.next() { sum += try text(value, &buffer) }
            case "publisher":
                var publisher = try field.value.object()
                while let field = publisher.next() {
                    if field.key == "id" { sum += try text(field.value, &buffer) }
                }
            default: break
            }
        }
        return sum
    }

    private static func device(_ object: JSONObject, _ buffer: inout [UInt8]) throws(JSONError) -> Double {
        var object = object
        var sum = 0.0
        while let field = object.next() {
            switch field.key {
            case "ua", "ip", "os", "ifa": sum += try text(field.value, &buffer)
            case "devicetype", "lmt": sum += Double(try field.value.int64())
            case "geo":
                var geo = try field.value.object()
                while let field = geo.next() {
                    switch field.key {
                    case "lat", "lon": sum += try field.value.double()
                    case "country": sum += try text(field.value, &buffer)
                    default: break
                    }
                }
            default: break
            }
        }
        return sum
    }
}
