// The door for bid requests: bytes in, a request that may be answered or a refusal out. What is refused is
// what could not be answered rightly: wrong types, numbers beyond sense, contradictions, a lack of what
// OpenRTB requires to answer. What OpenRTB does not know is passed over. Values that its lists do not have yet are kept
// where nothing is decided by them, and refused where something is: `CodeList`.
internal import JSON

/// Reads one request after the other into memory that is allocated once. One reader for each shard.
@safe public struct BidRequestReader: ~Copyable, @unchecked Sendable {
    private var scratch: JSONScratch
    /// Apart from the reader, so that requests can point there.
    private let storage: UnsafeMutablePointer<RequestStorage>
    private let limits: RequestLimits

    public init(limits: RequestLimits = RequestLimits()) {
        self.limits = limits
        scratch = JSONScratch(maximumBytes: limits.bytes)
        unsafe storage = UnsafeMutablePointer.allocate(capacity: 1)
        unsafe storage.initialize(to: RequestStorage(limits: limits))
    }

    deinit {
        unsafe storage.deinitialize(count: 1)
        unsafe storage.deallocate()
    }

    /// Accepts the bytes if they are a bid request that can be answered. Allocates nothing, but for a
    /// refusal's text. The request lasts until the next read.
    @_lifetime(copy bytes, &self)
    public mutating func read(_ bytes: RawSpan) throws(OpenRTBError) -> BidRequest {
        guard bytes.byteCount <= limits.bytes else {
            throw OpenRTBError(
                path: "", found: "\(bytes.byteCount) bytes", allowed: "at most \(limits.bytes) bytes",
                offset: limits.bytes)
        }
        let storage = unsafe storage
        let limits = JSONLimits(bytes: limits.bytes, depth: RequestLimits.depth)
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(bytes, scratch: &scratch, limits: limits)
        } catch { throw OpenRTBError(error) }
        do throws(Refused) {
            try unsafe storage.pointee.read(document.root, of: bytes)
        } catch { throw OpenRTBError(error, in: document.root) }
        let request = unsafe BidRequest(storage: UnsafePointer(storage), over: bytes)
        return unsafe _overrideLifetime(request, copying: bytes)
    }
}
