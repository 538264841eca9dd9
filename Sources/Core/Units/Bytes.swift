// Elements seen as the bytes that they are made of. For bytes that is always safe, but Swift 6.3 marks the
// standard library's own accessors unsafe and 6.2 does not, and each refuses the other's spelling: so it is
// spelled here once.

extension Span where Element == UInt8 {
    @inlinable public var raw: RawSpan {
        @_lifetime(copy self) get {
            #if compiler(>=6.3)
                unsafe bytes
            #else
                bytes
            #endif
        }
    }
}

extension MutableSpan where Element == UInt8 {
    @inlinable public var mutableRaw: MutableRawSpan {
        @_lifetime(&self) mutating get {
            #if compiler(>=6.3)
                unsafe mutableBytes
            #else
                mutableBytes
            #endif
        }
    }
}
