/* A fake board. The camera shows the planes in the file "frame"; the KPU answers with the file
 * "output"; the canvas that it reads and the last picture on the display go to the files "canvas"
 * and "screen" when the program has shown FRAMES pictures. Everything is in the current folder.
 * Addresses have 32 bits, as on the chip: link it at a low address (-no-pie). */
#include "sdk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detector.h"

#ifndef NUMBERS_PER_BOX
#define NUMBERS_PER_BOX 5
#endif
#define FRAMES 60
#define FLASH_BYTE(address) ((uint8_t)((address) * 7u))

#ifdef INPUT_SIZE
#define INPUT_WIDTH INPUT_SIZE
#define INPUT_HEIGHT INPUT_SIZE
#endif

static uint8_t memory[1 << 20], frame[3 * INPUT_WIDTH * INPUT_HEIGHT];
static uint8_t output[4 * NUMBERS_PER_BOX * BOXES_PER_CELL * MAP_HEIGHT * MAP_WIDTH];
static uint32_t memory_used, width, height, planes[3], display, status, zoomed_width, zoomed_height;
static int is_converting, shown, bank, irqs_are_on, camera_is_on;
static plic_irq_callback_t on_camera;

static size_t read_file(const char *name, void *content, size_t bytes)
{
    FILE *file = fopen(name, "rb");
    assert(file != NULL);
    const size_t count = fread(content, 1, bytes, file);
    fclose(file);
    return count;
}

static void write_file(const char *name, const void *content, size_t bytes)
{
    FILE *file = fopen(name, "wb");
    assert(file != NULL && fwrite(content, 1, bytes, file) == bytes);
    fclose(file);
}

uint32_t sysctl_pll_set_freq(sysctl_pll_t pll, uint32_t pll_freq) { (void)pll; return pll_freq; }
int sysctl_clock_enable(sysctl_clock_t clock) { (void)clock; return 0; }
void sysctl_set_power_mode(sysctl_power_bank_t bank, sysctl_io_power_mode_t mode) { (void)bank, (void)mode; }
uint32_t sysctl_set_spi0_dvp_data(uint8_t en) { return en; }
void sysctl_enable_irq(void) { irqs_are_on = 1; }
uint64_t sysctl_get_time_us(void) { static uint64_t now; return now += 1000; }
void uarths_init(void) { setbuf(stdout, NULL); }
void plic_init(void) {}
int plic_irq_enable(plic_irq_t irq) { (void)irq; return 0; }
int plic_set_priority(plic_irq_t irq, uint32_t priority) { (void)irq, (void)priority; return 0; }
void plic_irq_register(plic_irq_t irq, plic_irq_callback_t callback, void *ctx) { (void)irq, (void)ctx; on_camera = callback; }
int fpioa_set_function(int number, fpioa_function_t function) { assert(number < 48); (void)function; return 0; }

void *iomem_malloc(uint32_t size)
{
    void *found = memory + memory_used;
    memory_used += (size + 255) / 256 * 256;
    return memory_used <= sizeof memory ? found : NULL;
}

w25qxx_status_t w25qxx_init(uint8_t spi_index, uint8_t spi_ss) { assert(spi_index == 3 && spi_ss == 0); return W25QXX_OK; }
w25qxx_status_t w25qxx_enable_quad_mode(void) { return W25QXX_OK; }

w25qxx_status_t w25qxx_read_data(uint32_t addr, uint8_t *data_buf, uint32_t length, w25qxx_read_t mode)
{
    (void)mode;
    for (uint32_t i = 0; i < length; i++)
        data_buf[i] = FLASH_BYTE(addr + i);
    return W25QXX_OK;
}

int kpu_load_kmodel(kpu_model_context_t *ctx, const uint8_t *buffer)
{
    ctx->buffer = buffer;
    assert((uintptr_t)buffer % 256 == 0);
    for (uint32_t i = 0; i < KMODEL_BYTES; i++)
        assert(buffer[i] == FLASH_BYTE(KMODEL_FLASH_ADDRESS + i));
    return 0;
}

int kpu_run_kmodel(kpu_model_context_t *ctx, const uint8_t *src, dmac_channel_number_t channel, kpu_done_callback_t done, void *userdata)
{
    (void)channel;
    assert(ctx->buffer != NULL);
    if (shown == FRAMES - 1)
        write_file("canvas", src, 3 * INPUT_WIDTH * INPUT_HEIGHT);
    done(userdata);
    return 0;
}

int kpu_get_output(kpu_model_context_t *ctx, uint32_t index, uint8_t **data, size_t *size)
{
    assert(ctx->buffer != NULL && index == 0);
    *data = output;
    *size = read_file("output", output, sizeof output);
    return 0;
}

void dvp_init(uint8_t reg_len) { assert(reg_len == 8); }
uint32_t dvp_set_xclk_rate(uint32_t rate) { return rate; }
void dvp_enable_burst(void) {}
void dvp_disable_auto(void) {}
void dvp_set_output_enable(dvp_output_mode_t index, int enable) { (void)index; assert(enable); }
void dvp_set_image_format(uint32_t format) { assert(format == DVP_CFG_RGB_FORMAT); }
void dvp_set_image_size(uint32_t w, uint32_t h) { width = w, height = h; }
void dvp_set_ai_addr(uint32_t r, uint32_t g, uint32_t b) { planes[0] = r, planes[1] = g, planes[2] = b; }
void dvp_set_display_addr(uint32_t addr) { display = addr; }
int dvp_get_interrupt(uint32_t interrupt) { return (status & interrupt) != 0; }
void dvp_clear_interrupt(uint32_t interrupt) { status &= ~interrupt; }
void dvp_start_convert(void) { is_converting = 1; }
int ov2640_init(void) { camera_is_on = 1; return 0; }

void dvp_sccb_send_data(uint8_t device, uint16_t reg, uint8_t data)
{
    assert(device == OV2640_ADDR && camera_is_on);
    if (reg == 0xff)
        bank = data;
    if (bank == 0 && reg == 0x5a)
        zoomed_width = 4u * data;
    if (bank == 0 && reg == 0x5b)
        zoomed_height = 4u * data;
}

static void expose(void)
{
    assert(zoomed_width == width && zoomed_height == height && width % 32 == 0);
    read_file("frame", frame, 3 * width * height);
    for (uint32_t i = 0; i < 3 * width * height; i++)
        ((uint8_t *)(uintptr_t)planes[i / (width * height)])[i % (width * height)] = frame[i];
    for (uint32_t i = 0; i < width * height; i++)
        ((uint16_t *)(uintptr_t)display)[i] = 0x1234;
}

/* A frame begins and ends as soon as somebody wants to hear of it. */
void dvp_config_interrupt(uint32_t interrupt, uint8_t enable)
{
    (void)interrupt;
    if (!enable)
        return;
    assert(irqs_are_on && on_camera != NULL);
    status = DVP_STS_FRAME_START;
    is_converting = 0;
    on_camera(NULL);
    assert(is_converting);
    expose();
    status = DVP_STS_FRAME_FINISH;
    on_camera(NULL);
}

void lcd_init(void) {}
void lcd_set_direction(lcd_dir_t dir) { (void)dir; }
void lcd_clear(uint16_t color) { (void)color; }

/* The display's driver looks letters up in a table of ASCII, and does not clip. */
void lcd_draw_string(uint16_t x, uint16_t y, char *str, uint16_t color)
{
    assert(shown > 0 && color == 0xf800 && x + 8 * strlen(str) <= 320 && y + 16 <= 240);
    for (const char *c = str; *c != '\0'; c++)
        assert(*c >= ' ' && *c <= '~');
    FILE *file = fopen("texts", "a");
    assert(file != NULL);
    fprintf(file, "%d %d %d %s\n", shown, x, y, str);
    fclose(file);
}

void lcd_draw_picture(uint16_t x1, uint16_t y1, uint16_t w, uint16_t h, uint32_t *ptr)
{
    assert(x1 + w <= 320 && y1 + h <= 240 && x1 == (320 - w) / 2 && y1 == (240 - h) / 2);
    if (++shown == FRAMES) {
        write_file("screen", ptr, 2u * w * h);
        exit(0);
    }
}
