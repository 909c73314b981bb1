//! Arithmetic modulo the prime of the SRP group, on aws-lc's big numbers. The only unsafe code of
//! this crate.
//!
//! aws-lc-rs has no big numbers, so this module calls aws-lc-sys. What makes each call sound:
//! * a [`Number`] and a [`Context`] own one heap object each, made by aws-lc and freed once, in
//!   `drop` (aws-lc wipes what it frees); they are not `Clone`, no pointer leaves this file, and
//!   only `&mut` gives a pointer to write through;
//! * lengths are those of fixed arrays, given by the array itself;
//! * the [`Modulus`] is built once and only read afterwards, which aws-lc allows from any number of
//!   threads;
//! * an output may be the same object as an input in the calls where that is done (aws-lc does the
//!   same in its own code).
//!
//! What makes each call constant in time: a number read from bytes keeps as many words as the bytes
//! had, so that leading zeros do not shorten the work; exponents keep their leading zeros too;
//! every value is below N, so that no reduction by division happens.
//!
//! With inputs of fixed width these calls fail only for want of memory. That panics, as an
//! allocation in Rust would abort.
#![allow(unsafe_code)]

use std::{ffi::c_int, ptr::NonNull, sync::LazyLock};

use aws_lc_sys::{
    BIGNUM, BN_CTX, BN_CTX_free, BN_CTX_new, BN_MONT_CTX, BN_MONT_CTX_new_for_modulus, BN_bin2bn,
    BN_bn2bin_padded, BN_clear_free, BN_from_montgomery, BN_mod_add_quick,
    BN_mod_exp_mont_consttime, BN_mod_mul_montgomery, BN_mod_sub_quick, BN_new, BN_to_montgomery,
};
use zeroize::Zeroizing;

/// Length in bytes of a number below N.
pub(super) const LENGTH: usize = 384;

/// A number below N as bytes, big endian.
pub(super) type Bytes = Zeroizing<[u8; LENGTH]>;

/// The 3072-bit prime of RFC 3526 §5: 2^3072 − 2^3008 − 1 + 2^64 · (⌊2^2942 · π⌋ + 1690314).
pub(super) const N: [u8; LENGTH] = from_hex(
    b"\
      ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd\
      ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
      ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f\
      83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b\
      e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510\
      15728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7\
      abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c\
      bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff",
);

/// The prime in aws-lc's form: the number itself and the precomputed values of Montgomery
/// multiplication.
struct Modulus {
    number: Number,
    montgomery: NonNull<BN_MONT_CTX>,
}

// SAFETY: built once under LazyLock; afterwards only passed as const pointers, which aws-lc reads
// without writing. It is never freed.
unsafe impl Send for Modulus {}
// SAFETY: as above.
unsafe impl Sync for Modulus {}

static MODULUS: LazyLock<Modulus> = LazyLock::new(|| {
    let (number, mut context) = (Number::from_bytes(&N), Context::new());
    // SAFETY: both pointers are live; the result is owned by the static and never freed.
    let montgomery = unsafe { BN_MONT_CTX_new_for_modulus(number.as_ptr(), context.as_mut_ptr()) };
    Modulus {
        number,
        montgomery: made(montgomery),
    }
});

/// A big number of aws-lc, wiped when freed.
struct Number(NonNull<BIGNUM>);

// SAFETY: nothing about the object belongs to a thread; it is written through `&mut` only, and what
// aws-lc gets as a const pointer it reads without writing.
unsafe impl Send for Number {}
// SAFETY: as above.
unsafe impl Sync for Number {}

impl Number {
    fn new() -> Self {
        // SAFETY: no arguments; the result is owned by the new value.
        Self(made(unsafe { BN_new() }))
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let mut number = Self::new();
        number.read(bytes);
        number
    }

    /// Takes the value of the bytes, and their width, leading zeros included.
    fn read(&mut self, bytes: &[u8]) {
        // SAFETY: reads `len` bytes of a live slice into a live number, and returns that same
        // number.
        let read = unsafe { BN_bin2bn(bytes.as_ptr(), bytes.len(), self.as_mut_ptr()) };
        done(c_int::from(!read.is_null()));
    }

    fn to_bytes(&self) -> Bytes {
        let mut bytes = Bytes::new([0; LENGTH]);
        // SAFETY: writes `len` bytes to a live array of that length.
        done(unsafe { BN_bn2bin_padded(bytes.as_mut_ptr(), bytes.len(), self.as_ptr()) });
        bytes
    }

    fn as_ptr(&self) -> *const BIGNUM {
        self.0.as_ptr()
    }

    fn as_mut_ptr(&mut self) -> *mut BIGNUM {
        self.0.as_ptr()
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        // SAFETY: made by BN_new, freed here only.
        unsafe { BN_clear_free(self.0.as_ptr()) }
    }
}

/// Scratch space of aws-lc.
struct Context(NonNull<BN_CTX>);

impl Context {
    fn new() -> Self {
        // SAFETY: no arguments; the result is owned by the new value.
        Self(made(unsafe { BN_CTX_new() }))
    }

    fn as_mut_ptr(&mut self) -> *mut BN_CTX {
        self.0.as_ptr()
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: made by BN_CTX_new, freed here only.
        unsafe { BN_CTX_free(self.0.as_ptr()) }
    }
}

/// A number known to be below N.
pub(super) struct Residue(Number);

impl Residue {
    /// Reads 384 bytes; None when they are N or more. The time of this comparison shows at most how
    /// many leading bytes of the number equal those of N, which begins with eight 0xff.
    pub(super) fn from_bytes(bytes: &[u8; LENGTH]) -> Option<Self> {
        (bytes < &N).then(|| Self(Number::from_bytes(bytes)))
    }

    /// A hash as a number: 256 bits are always below N.
    pub(super) fn from_hash(hash: &[u8; 32]) -> Self {
        let mut bytes = Bytes::new([0; LENGTH]);
        bytes[LENGTH - 32..].copy_from_slice(hash);
        Self(Number::from_bytes(&*bytes))
    }

    /// Big endian, always 384 bytes.
    pub(super) fn to_bytes(&self) -> Bytes {
        self.0.to_bytes()
    }

    /// `self + other` modulo N.
    pub(super) fn plus(&self, other: &Self) -> Self {
        let mut sum = Number::new();
        // SAFETY: live numbers, both inputs below N.
        done(unsafe {
            BN_mod_add_quick(
                sum.as_mut_ptr(),
                self.0.as_ptr(),
                other.0.as_ptr(),
                MODULUS.number.as_ptr(),
            )
        });
        Self(sum)
    }

    /// `self − other` modulo N.
    pub(super) fn minus(&self, other: &Self) -> Self {
        let mut difference = Number::new();
        // SAFETY: live numbers, both inputs below N.
        done(unsafe {
            BN_mod_sub_quick(
                difference.as_mut_ptr(),
                self.0.as_ptr(),
                other.0.as_ptr(),
                MODULUS.number.as_ptr(),
            )
        });
        Self(difference)
    }

    /// `self · other` modulo N.
    pub(super) fn times(&self, other: &Self) -> Self {
        let mut product = Product::of(&self.to_montgomery());
        // One factor with the Montgomery factor R and one without give a product without.
        product.multiply(&other.to_bytes());
        Self(product.number)
    }

    /// `self ^ exponent` modulo N, in a time that depends on the exponent's length in bytes only.
    pub(super) fn to_the(&self, exponent: &[u8]) -> Self {
        let (mut power, exponent, mut context) =
            (Number::new(), Number::from_bytes(exponent), Context::new());
        // SAFETY: live numbers and scratch space; the base is below the modulus.
        done(unsafe {
            BN_mod_exp_mont_consttime(
                power.as_mut_ptr(),
                self.0.as_ptr(),
                exponent.as_ptr(),
                MODULUS.number.as_ptr(),
                context.as_mut_ptr(),
                MODULUS.montgomery.as_ptr(),
            )
        });
        Self(power)
    }

    /// `self · R` modulo N: the form in which Montgomery multiplication takes its factors.
    pub(super) fn to_montgomery(&self) -> Bytes {
        let (mut result, mut context) = (Number::new(), Context::new());
        // SAFETY: live numbers and scratch space.
        done(unsafe {
            BN_to_montgomery(
                result.as_mut_ptr(),
                self.0.as_ptr(),
                MODULUS.montgomery.as_ptr(),
                context.as_mut_ptr(),
            )
        });
        result.to_bytes()
    }
}

/// A product of factors in Montgomery form, built up one factor at a time.
pub(super) struct Product {
    number: Number,
    factor: Number,
    context: Context,
}

impl Product {
    /// Begins with one factor in Montgomery form, below N.
    pub(super) fn of(first: &[u8; LENGTH]) -> Self {
        Self {
            number: Number::from_bytes(first),
            factor: Number::new(),
            context: Context::new(),
        }
    }

    /// Multiplies by a factor in Montgomery form, below N.
    pub(super) fn multiply(&mut self, factor: &[u8; LENGTH]) {
        self.factor.read(factor);
        // SAFETY: live numbers of full width below N; the output may be the first input.
        done(unsafe {
            BN_mod_mul_montgomery(
                self.number.as_mut_ptr(),
                self.number.as_ptr(),
                self.factor.as_ptr(),
                MODULUS.montgomery.as_ptr(),
                self.context.as_mut_ptr(),
            )
        });
    }

    /// The product so far, still in Montgomery form.
    pub(super) fn to_bytes(&self) -> Bytes {
        self.number.to_bytes()
    }

    /// The product, out of Montgomery form.
    pub(super) fn finish(mut self) -> Residue {
        let mut result = Number::new();
        // SAFETY: live numbers and scratch space.
        done(unsafe {
            BN_from_montgomery(
                result.as_mut_ptr(),
                self.number.as_ptr(),
                MODULUS.montgomery.as_ptr(),
                self.context.as_mut_ptr(),
            )
        });
        Residue(result)
    }
}

fn done(status: c_int) {
    assert!(status == 1, "aws-lc is out of memory");
}

fn made<T>(pointer: *mut T) -> NonNull<T> {
    let Some(pointer) = NonNull::new(pointer) else {
        panic!("aws-lc is out of memory")
    };
    pointer
}

/// Reads the constant above while compiling.
const fn from_hex(text: &[u8]) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    let (mut at, mut digits) = (0, 0);
    while at < text.len() {
        let digit = match text[at] {
            digit @ b'0'..=b'9' => digit - b'0',
            digit @ b'a'..=b'f' => digit - b'a' + 10,
            _ => panic!("a hex digit is wrong"),
        };
        bytes[digits / 2] = bytes[digits / 2] << 4 | digit;
        digits += 1;
        at += 1;
    }
    assert!(digits == 2 * LENGTH);
    bytes
}
