// The application's protocols as ALPN sends them: each name with its length before it.
import COpenSSL

/// At a fixed address, because OpenSSL is handed pointers into it.
final class ProtocolList {
    let bytes: UnsafeBufferPointer<UInt8>

    init(_ names: [String]) throws(TLSConfigurationError) {
        var encoded: [UInt8] = []
        for name in names {
            guard !name.isEmpty, name.utf8.count <= 255 else {
                throw TLSConfigurationError(
                    .settingRefused, in: "protocols", "\"\(name)\" is not a protocol's name",
                    advice: "use 1 to 255 bytes, such as http/1.1")
            }
            encoded.append(UInt8(name.utf8.count))
            encoded.append(contentsOf: name.utf8)
        }
        let memory = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: encoded.count)
        _ = memory.initialize(from: encoded)
        bytes = UnsafeBufferPointer(memory)
    }

    deinit { bytes.deallocate() }

    /// Our first name that is also in the offer.
    func choose(
        from offered: UnsafeBufferPointer<UInt8>, count: UnsafeMutablePointer<UInt8>
    ) -> UnsafePointer<UInt8>? {
        var name: UnsafeMutablePointer<UInt8>?
        let found = SSL_select_next_proto(
            &name, count, bytes.baseAddress, UInt32(bytes.count), offered.baseAddress, UInt32(offered.count))
        return found == OPENSSL_NPN_NEGOTIATED ? UnsafePointer(name) : nil
    }
}
