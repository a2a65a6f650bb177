;; The loops over packed vectors that a search by meaning spends its time in. `kernel.ts` says what each is for;
;; `npm run kernel -w memory-core` assembles this file into `kernel-bytes.ts`.
;; A row is one signed byte a number, in a multiple of 64 of them. All bounds are the callers' to keep.
(module
  (import "vectors" "memory" (memory 1 65536 shared))

  ;; Scalar product of a row and of a query of 16-bit numbers, which spares widening it at each row. No sum of two
  ;; products of bytes, nor of all products of 100,000 numbers, leaves 32 bits. Two sums, so that they overlap.
  (func $product (export "product")
    (param $row i32) (param $query i32) (param $width i32) (result i32)
    (local $end i32) (local $even v128) (local $odd v128)
    (local.set $end (i32.add (local.get $row) (local.get $width)))
    (loop $next
      (local.set $even (i32x4.add (local.get $even)
        (i32x4.dot_i16x8_s (v128.load8x8_s (local.get $row)) (v128.load (local.get $query)))))
      (local.set $odd (i32x4.add (local.get $odd)
        (i32x4.dot_i16x8_s (v128.load8x8_s offset=8 (local.get $row)) (v128.load offset=16 (local.get $query)))))
      (local.set $even (i32x4.add (local.get $even)
        (i32x4.dot_i16x8_s (v128.load8x8_s offset=16 (local.get $row)) (v128.load offset=32 (local.get $query)))))
      (local.set $odd (i32x4.add (local.get $odd)
        (i32x4.dot_i16x8_s (v128.load8x8_s offset=24 (local.get $row)) (v128.load offset=48 (local.get $query)))))
      (local.set $even (i32x4.add (local.get $even)
        (i32x4.dot_i16x8_s (v128.load8x8_s offset=32 (local.get $row)) (v128.load offset=64 (local.get $query)))))
      (local.set $odd (i32x4.add (local.get $odd)
        (i32x4.dot_i16x8_s (v128.load8x8_s offset=40 (local.get $row)) (v128.load offset=80 (local.get $query)))))
      (local.set $even (i32x4.add (local.get $even)
        (i32x4.dot_i16x8_s (v128.load8x8_s offset=48 (local.get $row)) (v128.load offset=96 (local.get $query)))))
      (local.set $odd (i32x4.add (local.get $odd)
        (i32x4.dot_i16x8_s (v128.load8x8_s offset=56 (local.get $row)) (v128.load offset=112 (local.get $query)))))
      (local.set $query (i32.add (local.get $query) (i32.const 128)))
      (br_if $next (i32.lt_u
        (local.tee $row (i32.add (local.get $row) (i32.const 64)))
        (local.get $end))))
    (local.set $even (i32x4.add (local.get $even) (local.get $odd)))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $even)) (i32x4.extract_lane 1 (local.get $even)))
      (i32.add (i32x4.extract_lane 2 (local.get $even)) (i32x4.extract_lane 3 (local.get $even)))))

  ;; Bits in which two rows of signs differ.
  (func $difference
    (param $row i32) (param $query i32) (param $bytes i32) (result i32)
    (local $end i32) (local $sum i64)
    (local.set $end (i32.add (local.get $row) (local.get $bytes)))
    (loop $next
      (local.set $sum (i64.add (local.get $sum)
        (i64.popcnt (i64.xor (i64.load (local.get $row)) (i64.load (local.get $query))))))
      (local.set $query (i32.add (local.get $query) (i32.const 8)))
      (br_if $next (i32.lt_u
        (local.tee $row (i32.add (local.get $row) (i32.const 8)))
        (local.get $end))))
    (i32.wrap_i64 (local.get $sum)))

  ;; Puts (number of the row, product times the row's scale) at $found for each masked row above the floor.
  (func (export "above")
    (param $mask i32) (param $words i32) (param $rows i32) (param $scales i32) (param $query i32) (param $width i32)
    (param $floor f32) (param $found i32) (result i32)
    (local $word i32) (local $bits i32) (local $row i32) (local $score f32) (local $out i32)
    (local.set $out (local.get $found))
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $word) (local.get $words)))
        (local.set $bits (i32.load (i32.add (local.get $mask) (i32.shl (local.get $word) (i32.const 2)))))
        (block $empty
          (loop $bit
            (br_if $empty (i32.eqz (local.get $bits)))
            (local.set $row (i32.add (i32.shl (local.get $word) (i32.const 5)) (i32.ctz (local.get $bits))))
            (local.set $bits (i32.and (local.get $bits) (i32.sub (local.get $bits) (i32.const 1))))
            (local.set $score (f32.mul
              (f32.load (i32.add (local.get $scales) (i32.shl (local.get $row) (i32.const 2))))
              (f32.convert_i32_s (call $product
                (i32.add (local.get $rows) (i32.mul (local.get $row) (local.get $width)))
                (local.get $query)
                (local.get $width)))))
            (if (f32.gt (local.get $score) (local.get $floor))
              (then
                (i32.store (local.get $out) (local.get $row))
                (f32.store offset=4 (local.get $out) (local.get $score))
                (local.set $out (i32.add (local.get $out) (i32.const 8)))))
            (br $bit)))
        (local.set $word (i32.add (local.get $word) (i32.const 1)))
        (br $next)))
    (i32.shr_u (i32.sub (local.get $out) (local.get $found)) (i32.const 3)))

  ;; Puts (number of the row, bits that differ) at $found for each masked row that differs in at most $most bits.
  (func (export "alike")
    (param $mask i32) (param $words i32) (param $signs i32) (param $query i32) (param $bytes i32)
    (param $most i32) (param $found i32) (result i32)
    (local $word i32) (local $bits i32) (local $row i32) (local $differs i32) (local $out i32)
    (local.set $out (local.get $found))
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $word) (local.get $words)))
        (local.set $bits (i32.load (i32.add (local.get $mask) (i32.shl (local.get $word) (i32.const 2)))))
        (block $empty
          (loop $bit
            (br_if $empty (i32.eqz (local.get $bits)))
            (local.set $row (i32.add (i32.shl (local.get $word) (i32.const 5)) (i32.ctz (local.get $bits))))
            (local.set $bits (i32.and (local.get $bits) (i32.sub (local.get $bits) (i32.const 1))))
            (local.set $differs (call $difference
              (i32.add (local.get $signs) (i32.mul (local.get $row) (local.get $bytes)))
              (local.get $query)
              (local.get $bytes)))
            (if (i32.le_s (local.get $differs) (local.get $most))
              (then
                (i32.store (local.get $out) (local.get $row))
                (i32.store offset=4 (local.get $out) (local.get $differs))
                (local.set $out (i32.add (local.get $out) (i32.const 8)))))
            (br $bit)))
        (local.set $word (i32.add (local.get $word) (i32.const 1)))
        (br $next)))
    (i32.shr_u (i32.sub (local.get $out) (local.get $found)) (i32.const 3)))

  ;; Writes the signs of $length bytes, a multiple of 16: one bit each, set below 0.
  (func (export "sign")
    (param $bytes i32) (param $length i32) (param $signs i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $bytes) (local.get $length)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $bytes) (local.get $end)))
        (i32.store16 (local.get $signs) (i8x16.bitmask (v128.load (local.get $bytes))))
        (local.set $bytes (i32.add (local.get $bytes) (i32.const 16)))
        (local.set $signs (i32.add (local.get $signs) (i32.const 2)))
        (br $next)))))
